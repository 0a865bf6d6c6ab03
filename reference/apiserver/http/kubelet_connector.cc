#include "reference/apiserver/http/kubelet_connector.h"

#include "harness/base/encoding.h"
#include "reference/api/types/corev1.h"
#include "reference/apiserver/http/tunnel.h"
#include "reference/resources/shared/kubelet_address.h"

namespace plumb::apiserver {
namespace {

constexpr std::size_t clients_limit = 256;

std::vector<std::string> container_names(const corev1::Pod& pod, bool ephemeral) {
  std::vector<std::string> names;
  for (const corev1::Container& each : pod.spec.initContainers) names.push_back(each.name.str());
  for (const corev1::Container& each : pod.spec.containers) names.push_back(each.name.str());
  if (ephemeral)
    for (const corev1::EphemeralContainer& each : pod.spec.ephemeralContainers) names.push_back(each.ephemeralContainerCommon.name.str());
  return names;
}

// The container that is meant, or upstream's refusal.
ApiResult<std::string> choose_container(const corev1::Pod& pod, std::string_view asked) {
  const std::string name = pod.metadata.name.str();
  if (asked.empty()) {
    if (pod.spec.containers.size() == 1) return pod.spec.containers[0].name.str();
    std::string text = "a container name must be specified for pod " + name;
    std::vector<std::string> choices;
    for (const corev1::Container& each : pod.spec.containers) choices.push_back(each.name.str());
    if (!choices.empty()) text += ", choose one of: [" + join(choices, " ") + "]";
    return status::bad_request(std::move(text));
  }
  for (const std::string& each : container_names(pod, true))
    if (each == asked) return each;
  return status::bad_request("container " + std::string(asked) + " is not valid for pod " + name);
}

std::string with_query(std::string path, const std::string& query) { return query.empty() ? path : path + "?" + query; }

// exec and attach name their streams otherwise towards a kubelet.
std::string stream_query(const Query& query) {
  std::string out;
  const auto add = [&](std::string_view name, std::string_view value) { out.append(out.empty() ? "" : "&").append(name).append("=").append(url_encode(value)); };
  for (const std::string_view each : query.all("command")) add("command", each);
  const std::pair<const char*, const char*> flags[] = {{"stdin", "input"}, {"stdout", "output"}, {"stderr", "error"}, {"tty", "tty"}};
  for (const auto& [ours, kubelets] : flags)
    if (query.flag(ours).value_or(false)) add(kubelets, "1");
  return out;
}

std::string copied_query(const Query& query, std::initializer_list<std::string_view> names) {
  std::string out;
  for (const std::string_view name : names)
    for (const std::string_view value : query.all(name)) out.append(out.empty() ? "" : "&").append(name).append("=").append(url_encode(value));
  return out;
}

}  // namespace

void KubeletConnector::connect(const CallPtr& call, const Resource& resource) {
  if (&resource.type() == &corev1::Node::info()) return to_node(call);
  if (&resource.type() != &corev1::Pod::info()) return call->send_status(status::unavailable("proxying to " + resource.names().plural + " is not supported"));
  call->info().subresource == "proxy" ? proxy_to_pod(call) : to_pod(call);
}

void KubeletConnector::to_pod(const CallPtr& call) {
  const RequestInfo& info = call->info();
  const bool reads = info.subresource == "log";
  if (reads ? info.verb != "get" : (info.verb != "get" && info.verb != "create"))
    return call->send_status(status::method_not_allowed({info.group, info.resource}, info.verb));
  const auto pod = registry_.ClusterView::get<corev1::Pod>(info.namespace_, info.name);
  if (!pod) return call->send_status(status::not_found({"", "pods"}, info.name));
  if (pod->spec.nodeName.empty()) return call->send_status(status::bad_request("pod " + info.name + " does not have a host assigned"));
  const Query& query = call->query();
  const std::string where = "/" + url_encode(info.namespace_) + "/" + url_encode(info.name);
  if (info.subresource == "portforward") return to_kubelet(call, pod->spec.nodeName, with_query("/portForward" + where, copied_query(query, {"ports"})));
  const auto container = choose_container(*pod, query.get("container"));
  if (!container.ok()) return call->send_status(container.status());
  const std::string target = where + "/" + url_encode(*container);
  if (reads) {
    return to_kubelet(call, pod->spec.nodeName,
                      with_query("/containerLogs" + target, copied_query(query, {"follow", "previous", "sinceSeconds", "sinceTime", "timestamps", "tailLines", "limitBytes", "stream"})));
  }
  to_kubelet(call, pod->spec.nodeName, with_query("/" + info.subresource + target, stream_query(query)));
}

void KubeletConnector::to_node(const CallPtr& call) {
  const RequestInfo& info = call->info();
  to_kubelet(call, info.name.substr(0, info.name.find(':')), with_query(info.rest.empty() ? "/" : info.rest, call->request().query));
}

void KubeletConnector::proxy_to_pod(const CallPtr& call) {
  const RequestInfo& info = call->info();
  // [scheme:]name[:port]
  std::vector<std::string_view> parts = split(info.name, ':');
  const bool tls = parts.size() == 3 && parts[0] == "https";
  if (parts.size() == 3) parts.erase(parts.begin());
  const auto pod = registry_.ClusterView::get<corev1::Pod>(info.namespace_, parts[0]);
  if (!pod) return call->send_status(status::not_found({"", "pods"}, parts[0]));
  if (pod->status.podIP.empty()) return call->send_status(status::unavailable("pod " + std::string(parts[0]) + " has no address yet"));
  std::int64_t port = parts.size() > 1 && !parts[1].empty() ? parse_int(parts[1]).value_or(0) : 0;
  if (parts.size() < 2 || parts[1].empty()) {
    port = tls ? 443 : 80;
    for (const corev1::Container& container : pod->spec.containers)
      if (!container.ports.empty()) {
        port = container.ports[0].containerPort;
        break;
      }
  }
  if (port <= 0 || port > 65535) return call->send_status(status::bad_request("invalid pod port in \"" + info.name + "\""));
  const auto made = client({pod->status.podIP.str(), static_cast<std::uint16_t>(port), {}}, tls);
  if (!made.ok()) return call->send_status(status::from_error(made.error()));
  tunnel(call, *made, with_query(info.rest.empty() ? "/" : info.rest, call->request().query), "pod " + std::string(parts[0]));
}

void KubeletConnector::to_kubelet(const CallPtr& call, std::string_view node_name, std::string target) {
  const auto node = registry_.ClusterView::get<corev1::Node>({}, node_name);
  if (!node) return call->send_status(status::not_found({"", "nodes"}, node_name));
  const auto address = resources::kubelet_address(*node);
  if (!address) return call->send_status(status::internal("no preferred addresses found for node " + std::string(node_name)));
  const auto made = client({address->host, address->port, {}}, true, address->server_name);
  if (!made.ok()) return call->send_status(status::from_error(made.error()));
  tunnel(call, *made, std::move(target), "the kubelet of " + std::string(node_name));
}

Result<std::shared_ptr<net::HttpClient>> KubeletConnector::client(const net::Endpoint& endpoint, bool tls, const std::string& server_name) {
  const std::string key = (tls ? "https://" : "http://") + endpoint.text() + " " + server_name;
  const std::lock_guard lock(mutex_);
  const auto found = clients_.find(key);
  if (found != clients_.end()) return found->second;
  net::ClientOptions options;
  options.endpoint = endpoint;
  if (tls) options.tls = tls_;
  if (tls && !server_name.empty()) options.tls->server_name = server_name;
  auto made = PLUMB_TRY(net::HttpClient::create(std::move(options)));
  if (clients_.size() >= clients_limit) clients_.erase(clients_.begin());
  return clients_.emplace(key, std::move(made)).first->second;
}

}  // namespace plumb::apiserver
