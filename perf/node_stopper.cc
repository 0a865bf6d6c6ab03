#include "perf/node_stopper.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/base/process.h"

namespace plumb::perf {
namespace {

using nlohmann::json;

constexpr char hollow_label[] = "plumb.io/hollow", silent_label[] = "plumb.io/silent";
constexpr Duration longest_command = std::chrono::minutes(2);

const client::Resource nodes{"v1", "nodes", ""};

Result<std::string> busiest_node(client::Client& client, const std::string& space) {
  std::map<std::string, int> pods;
  const json found = PLUMB_TRY(client.list_all({"v1", "pods", space}));
  for (const json& pod : found.value("items", json::array())) {
    const std::string node = pod.value("/spec/nodeName"_json_pointer, "");
    if (!node.empty()) ++pods[node];
  }
  const auto most = std::max_element(pods.begin(), pods.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most == pods.end()) return fail(Code::not_found, "choosing a node to stop: no node runs a pod of the namespace " + space);
  return most->first;
}

Status set_label(client::Client& client, const std::string& node, const json& value) {
  PLUMB_TRY(client.patch(nodes, node, client::PatchKind::merge, {{"metadata", {{"labels", {{silent_label, value}}}}}}));
  return {};
}

Status run(const std::string& command, const std::string& node) {
  const auto done = run_checked({"env", "NODE=" + node, "sh", "-c", command}, {.limit = longest_command, .input = {}});
  return done.ok() ? Status{} : Status(Error(done.error()).in("running the command \"" + command + "\" for node " + node));
}

}  // namespace

Status NodeStopper::stop(client::Client& client, const std::string& space, const std::string& command, const std::string& undo) {
  const std::string node = PLUMB_TRY(busiest_node(client, space));
  if (command.empty()) {
    const json object = PLUMB_TRY(client.get(nodes, node));
    const auto labels = object.at("metadata").value("labels", std::map<std::string, std::string>());
    if (!labels.contains(hollow_label)) {
      return fail(Code::unsupported, "a way to stop node " + node + ": it is no simulated node; say how with --set stop='… $NODE …' --set start='… $NODE …'");
    }
    PLUMB_TRY(set_label(client, node, "true"));
    labelled_ = true;
  } else {
    PLUMB_TRY(run(command, node));
    undo_ = undo;
  }
  node_ = node;
  return {};
}

Status NodeStopper::start(client::Client& client) {
  if (node_.empty()) return {};
  const std::string node = std::exchange(node_, "");
  if (labelled_) return set_label(client, node, nullptr);
  return undo_.empty() ? Status{} : run(undo_, node);
}

Result<int> wake_silent_nodes(client::Client& client) {
  const json found = PLUMB_TRY(client.list_all(nodes, {{"labelSelector", silent_label}}));
  int count = 0;
  for (const json& node : found.value("items", json::array())) {
    PLUMB_TRY(set_label(client, node.at("metadata").at("name"), nullptr));
    ++count;
  }
  return count;
}

}  // namespace plumb::perf
