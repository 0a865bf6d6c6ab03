#include "harness/runner/probe.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "harness/base/random.h"
#include "harness/runner/cluster.h"

namespace plumb::harness {
namespace {

const Resource namespaces{"v1", "namespaces"};

}  // namespace

Result<Probe> Probe::start(Client& client, const std::string& name, const std::string& run) {
  Probe probe(client, "plumb-" + name + "-" + random_suffix(6));
  PLUMB_TRY(client.create(namespaces, {{"metadata", {{"name", probe.space_}, {"labels", {{"plumb.io/run", run}}}}}}));
  return probe;
}

Probe::~Probe() {
  if (!space_.empty()) (void)client_->remove(namespaces, space_);
}

Result<Json> Probe::create(const std::string& plural, const Json& object) { return client_->create({"v1", plural, space_}, object); }

Result<Probe::Pods> Probe::run(const Pods& pods, const std::function<bool(const Pods&)>& enough) {
  PLUMB_TRY(client_->wait_for({"v1", "serviceaccounts", space_}, "default", "the service account that pods run under",
                              [](const Json* account) { return account != nullptr; }, timeouts::object_changes));
  for (const Json& pod : pods) PLUMB_TRY(create("pods", pod));
  Pods last;
  const Status waited = client_->wait_for_all({"v1", "pods", space_}, {}, "the pods of a probe", [&](const Client::Objects& found) {
    last.clear();
    for (const auto& [name, pod] : found) last.push_back(pod);
    return enough(last);
  }, timeouts::pod_runs);
  if (!waited.ok() && waited.error().code != Code::deadline_exceeded) return waited.error();
  return last;
}

Json probe_pod(const std::string& node, const Json& metadata, const Json& containers) {
  return {{"metadata", metadata},
          {"spec", {{"nodeName", node}, {"restartPolicy", "Never"}, {"automountServiceAccountToken", false}, {"terminationGracePeriodSeconds", 0}, {"containers", containers}}}};
}

Json probe_container(const Images& images, Json args) { return {{"name", "main"}, {"image", images.first}, {"imagePullPolicy", "IfNotPresent"}, {"args", std::move(args)}}; }

bool are_ready(const Probe::Pods& pods, std::size_t count) {
  return pods.size() == count && std::all_of(pods.begin(), pods.end(), [](const Json& pod) { return has_condition(pod, "Ready"); });
}

bool holds_soon(const std::function<bool()>& condition) {
  const Instant until = real_clock().now() + timeouts::service_leads;
  do {
    if (condition()) return true;
    std::this_thread::sleep_for(timeouts::poll);
  } while (real_clock().now() < until);
  return false;
}

std::optional<std::string> host_at(Client& client, const std::string& space, const std::string& address, int port, int seconds) {
  const std::string host = address.find(':') == address.npos ? address : "[" + address + "]";
  const auto asked = client.exec(space, "client", {"/plumb-test", "get", "http://" + host + ":" + std::to_string(port) + "/hostname", "--timeout", std::to_string(seconds)});
  return asked.ok() && asked->exit_code == 0 ? std::optional(asked->out) : std::nullopt;
}

}  // namespace plumb::harness
