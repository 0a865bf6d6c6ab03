#include "harness/runner/images.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/random.h"
#include "harness/runner/cluster.h"
#include "harness/runner/needs.h"

namespace plumb::harness {
namespace {

constexpr std::size_t max_probed_nodes = 5;

bool cannot_pull(const std::string& reason) {
  return reason == "ErrImagePull" || reason == "ImagePullBackOff" || reason == "ErrImageNeverPull" || reason == "InvalidImageName" || reason == "RegistryUnavailable" ||
         reason == "ImageInspectError";
}

Json probe_pod(const std::string& node, const Images& images) {
  const auto container = [](const char* name, const std::string& image) {
    return Json{{"name", name}, {"image", image}, {"imagePullPolicy", "IfNotPresent"}, {"args", {"exit", "0"}}};
  };
  return {{"metadata", {{"generateName", "probe-"}}},
          {"spec", {{"nodeName", node}, {"restartPolicy", "Never"}, {"automountServiceAccountToken", false}, {"terminationGracePeriodSeconds", 0},
                    {"containers", {container("first", images.first), container("second", images.second)}}}}};
}

// Why one of its images cannot be had.
std::optional<std::string> pull_problem(const Json& pod) {
  for (const Json& status : at(pod, "/status/containerStatuses", Json::array())) {
    if (!cannot_pull(text_at(status, "/state/waiting/reason"))) continue;
    return "node " + text_at(pod, "/spec/nodeName") + " cannot get the image " + text_at(status, "/image") + ": put it on the nodes, or name where it can be pulled with --image and --image-v2";
  }
  return std::nullopt;
}

bool ended(const Json& pod) { return text_at(pod, "/status/phase") == "Succeeded" || text_at(pod, "/status/phase") == "Failed"; }

Result<std::optional<std::string>> probe(Client& client, const std::string& space, const std::vector<std::string>& nodes, const Images& images) {
  PLUMB_TRY(client.wait_for({"v1", "serviceaccounts", space}, "default", "the service account that pods run under",
                            [](const Json* account) { return account != nullptr; }, timeouts::object_changes));
  const Resource pods{"v1", "pods", space};
  for (const std::string& node : nodes) PLUMB_TRY(client.create(pods, probe_pod(node, images)));
  std::optional<std::string> problem;
  const Status waited = client.wait_for_all(pods, {}, "pods that show whether the images can be had", [&](const Client::Objects& found) {
    for (const auto& [name, pod] : found) {
      if ((problem = pull_problem(pod))) return true;
    }
    return std::all_of(found.begin(), found.end(), [](const auto& entry) { return ended(entry.second); });
  }, timeouts::pod_runs);
  if (!waited.ok() && waited.error().code != Code::deadline_exceeded) return waited.error();
  return problem;
}

}  // namespace

Result<std::optional<std::string>> missing_image(Client& client, const Images& images, const std::string& run) {
  std::vector<std::string> nodes = PLUMB_TRY(usable_nodes(client));
  if (nodes.empty()) return std::optional<std::string>("no ready node takes pods");
  nodes.resize(std::min(nodes.size(), max_probed_nodes));
  const std::string space = "plumb-images-" + random_suffix(6);
  const Resource namespaces{"v1", "namespaces"};
  PLUMB_TRY(client.create(namespaces, {{"metadata", {{"name", space}, {"labels", {{"plumb.io/run", run}}}}}}));
  auto problem = probe(client, space, nodes, images);
  (void)client.remove(namespaces, space);
  if (!problem.ok()) return problem.error().in("find out whether the test images can be had");
  return problem;
}

}  // namespace plumb::harness
