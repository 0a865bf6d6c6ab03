#include "reference/scheduler/extender.h"

#include <algorithm>

#include "harness/base/file.h"
#include "reference/api/text/names.h"

namespace plumb::scheduler {

namespace {

using namespace std::string_literals;

Result<std::string> pem(const std::string& data, const std::string& file) {
  if (!data.empty() || file.empty()) return data;
  return read_file(file, 1 << 20);
}

Result<net::TlsClientOptions> tls_of(const ExtenderOptions& options) {
  const ExtenderOptions::Tls given = options.tls.value_or(ExtenderOptions::Tls());
  net::TlsClientOptions tls;
  tls.ca_pem = PLUMB_TRY(pem(given.ca_data, given.ca_file));
  tls.certificate_pem = PLUMB_TRY(pem(given.cert_data, given.cert_file));
  tls.key_pem = PLUMB_TRY(pem(given.key_data, given.key_file));
  tls.server_name = given.server_name;
  tls.insecure_skip_verify = given.insecure || (options.https && tls.ca_pem.empty());
  return tls;
}

bool asks_for(const api::Map<api::QuantityText>& amounts, const std::set<std::string>& names) {
  return std::any_of(amounts.begin(), amounts.end(), [&](const auto& entry) { return names.contains(entry.key.str()); });
}
bool asks_for(const api::List<corev1::Container>& containers, const std::set<std::string>& names) {
  return std::any_of(containers.begin(), containers.end(), [&](const corev1::Container& one) {
    return asks_for(one.resources.requests, names) || asks_for(one.resources.limits, names);
  });
}

// Upstream's rule: a name with a domain that is not Kubernetes' own, and that still is one with "requests." before it.
bool is_extended(const std::string& name) {
  const std::string domain = name.substr(0, name.find('/'));
  return domain.size() < name.size() && !name.starts_with("requests.") && domain != "kubernetes.io" && !domain.ends_with(".kubernetes.io") &&
         api::check_qualified_name("requests." + name).empty();
}

}  // namespace

Result<std::shared_ptr<const Extender>> Extender::make(ExtenderOptions options, std::shared_ptr<net::Reactor> reactor) {
  const std::string about = "extender " + options.url_prefix;
  auto url = net::parse_url(options.url_prefix);
  if (!url.ok()) return std::move(url).error().in(about);
  net::ClientOptions http{.endpoint = url->endpoint};
  http.max_response_bytes = longest_answer;
  http.reactor = std::move(reactor);
  if (url->tls) {
    auto tls = tls_of(options);
    if (!tls.ok()) return std::move(tls).error().in(about);
    http.tls = std::move(*tls);
  }
  auto client = net::HttpClient::create(std::move(http));
  if (!client.ok()) return std::move(client).error().in(about);
  std::string path = url->target;
  while (path.ends_with('/')) path.pop_back();
  return std::shared_ptr<const Extender>(new Extender(std::move(options), std::move(path), std::move(*client)));
}

bool Extender::is_interested(const corev1::Pod& pod) const {
  const auto& managed = options_.managed_resources;
  return managed.empty() || asks_for(pod.spec.containers, managed) || asks_for(pod.spec.initContainers, managed);
}

void Extender::post(const std::string& verb, std::function<std::string()> encode, std::function<void(Result<std::string>)> done) const {
  client_->reactor()->post([client = client_, target = path_ + "/" + verb, what = "ask extender " + name() + " to " + verb, timeout = options_.timeout,
                            encode = std::move(encode), done = std::move(done)] {
    net::ClientRequest request{.method = "POST", .target = target, .headers = {{"content-type", "application/json"}}, .timeout = timeout};
    request.body = net::Body(encode());
    client->send_async(std::move(request), [what, done](Result<net::ClientResponse> response) {
      if (!response.ok()) return done(std::move(response).error().in(what));
      if (response->status != 200) return done(fail(plumb::Code::unavailable, what + ": it answered with HTTP status " + std::to_string(response->status)));
      done(std::move(response->body));
    });
  });
}

void Extender::filter(PodPtr pod, Nodes nodes, Done<ExtenderFilterResult> done) const {
  const auto asked = std::make_shared<const Nodes>(std::move(nodes));
  const bool names_only = options_.node_cache_capable;
  post(options_.filter_verb, [pod, asked, names_only] { return extender_args(*pod, *asked, names_only); },
       [asked, names_only, name = name(), done = std::move(done)](Result<std::string> body) {
         if (!body.ok()) return done(std::move(body).error());
         auto result = read_filter_result(*body, names_only);
         if (!result.ok()) return done(std::move(result).error().in("extender " + name));
         std::set<std::string_view> known;
         for (const auto& node : *asked) known.insert(node->metadata.name.view());
         for (const std::string& node : result->nodes)
           if (!known.contains(node))
             return done(fail(plumb::Code::internal, "extender \"" + name + "\" claims a filtered node \"" + node + "\" which is not found in the input node list"));
         done(std::move(result));
       });
}

void Extender::prioritize(PodPtr pod, Nodes nodes, Done<HostPriorities> done) const {
  post(options_.prioritize_verb,
       [pod = std::move(pod), nodes = std::move(nodes), names_only = options_.node_cache_capable] { return extender_args(*pod, nodes, names_only); },
       [name = name(), done = std::move(done)](Result<std::string> body) {
         if (!body.ok()) return done(std::move(body).error());
         auto priorities = read_host_priorities(*body);
         if (!priorities.ok()) return done(std::move(priorities).error().in("extender " + name));
         done(std::move(priorities));
       });
}

void Extender::preempt(PodPtr pod, std::vector<Room> rooms, Done<MetaVictims> done) const {
  post(options_.preempt_verb,
       [pod = std::move(pod), rooms = std::move(rooms), uids_only = options_.node_cache_capable] { return extender_preemption_args(*pod, rooms, uids_only); },
       [name = name(), done = std::move(done)](Result<std::string> body) {
         if (!body.ok()) return done(std::move(body).error());
         auto victims = read_preemption_result(*body);
         if (!victims.ok()) return done(std::move(victims).error().in("extender " + name));
         done(std::move(victims));
       });
}

void Extender::bind(PodPtr pod, std::string node, Done<void> done) const {
  post(options_.bind_verb, [pod = std::move(pod), node = std::move(node)] { return extender_binding_args(*pod, node); },
       [name = name(), done = std::move(done)](Result<std::string> body) {
         if (!body.ok()) return done(std::move(body).error());
         Status bound = read_binding_result(*body);
         if (!bound.ok()) return done(std::move(bound).error().in("extender " + name));
         done({});
       });
}

Status check_extenders(const std::vector<ExtenderOptions>& extenders) {
  const auto bad = [](std::size_t i, const std::string& what) { return fail(plumb::Code::invalid_argument, "extenders[" + std::to_string(i) + "]" + what); };
  std::set<std::string> managed;
  std::size_t binders = 0;
  for (std::size_t i = 0; i < extenders.size(); ++i) {
    const ExtenderOptions& one = extenders[i];
    if (!one.prioritize_verb.empty() && one.weight <= 0) return bad(i, ".weight: must be above zero where there is a prioritizeVerb");
    if (!one.bind_verb.empty() && ++binders > 1) return bad(i, ".bindVerb: only one extender may bind");
    for (const std::string& name : one.managed_resources) {
      if (!is_extended(name)) return bad(i, ".managedResources: " + name + " is no extended resource");
      if (!managed.insert(name).second) return bad(i, ".managedResources: " + name + " is managed by another extender already");
    }
  }
  return {};
}

}  // namespace plumb::scheduler
