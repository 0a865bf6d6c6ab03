#include "harness/runner/images.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/runner/cluster.h"
#include "harness/runner/needs.h"
#include "harness/runner/probe.h"

namespace plumb::harness {
namespace {

constexpr std::size_t max_probed_nodes = 5;

bool cannot_pull(const std::string& reason) {
  return reason == "ErrImagePull" || reason == "ImagePullBackOff" || reason == "ErrImageNeverPull" || reason == "InvalidImageName" || reason == "RegistryUnavailable" ||
         reason == "ImageInspectError";
}

Json container(const char* name, const std::string& image) {
  return {{"name", name}, {"image", image}, {"imagePullPolicy", "IfNotPresent"}, {"args", {"exit", "0"}}};
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

}  // namespace

Result<std::optional<std::string>> missing_image(Client& client, const Images& images, const std::string& run) {
  std::vector<std::string> nodes = PLUMB_TRY(usable_nodes(client));
  if (nodes.empty()) return std::optional<std::string>("no ready node takes pods");
  nodes.resize(std::min(nodes.size(), max_probed_nodes));
  const auto judge = [&]() -> Result<std::optional<std::string>> {
    Probe probe = PLUMB_TRY(Probe::start(client, "images", run));
    std::vector<Json> pods;
    for (const std::string& node : nodes)
      pods.push_back(probe_pod(node, {{"generateName", "probe-"}}, Json::array({container("first", images.first), container("second", images.second)})));
    const auto seen = PLUMB_TRY(probe.run(pods, [](const Probe::Pods& found) {
      return std::all_of(found.begin(), found.end(), ended) || std::any_of(found.begin(), found.end(), [](const Json& pod) { return pull_problem(pod).has_value(); });
    }));
    for (const Json& pod : seen)
      if (auto problem = pull_problem(pod)) return problem;
    return std::optional<std::string>();
  };
  auto problem = judge();
  if (!problem.ok()) return problem.error().in("find out whether the test images can be had");
  return problem;
}

}  // namespace plumb::harness
