#include "harness/runner/probe.h"

#include <nlohmann/json.hpp>

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

}  // namespace plumb::harness
