#include "harness/runner/needs.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/encoding.h"
#include "harness/runner/cluster_dns.h"
#include "harness/runner/load_balancers.h"
#include "harness/runner/network_policy.h"
#include "harness/runner/service_network.h"

namespace plumb::harness {
namespace {

using client::Json;

bool usable(const Json& node) {
  if (node.value(Json::json_pointer("/spec/unschedulable"), false)) return false;
  for (const Json& taint : node.value(Json::json_pointer("/spec/taints"), Json::array())) {
    if (taint.value("effect", "") != "PreferNoSchedule") return false;
  }
  for (const Json& condition : node.value(Json::json_pointer("/status/conditions"), Json::array())) {
    if (condition.value("type", "") == "Ready") return condition.value("status", "") == "True";
  }
  return false;
}

Result<std::optional<std::string>> enough_nodes(client::Client& client, std::int64_t wanted) {
  const auto have = static_cast<std::int64_t>(PLUMB_TRY(usable_nodes(client)).size());
  if (have >= wanted) return std::optional<std::string>();
  return std::optional("needs " + std::to_string(wanted) + " ready nodes, there are " + std::to_string(have));
}

Result<std::optional<std::string>> new_enough(client::Client& client, const std::string& wanted) {
  const Json version = PLUMB_TRY(client.version());
  const std::string minor = version.value("minor", "0");
  const std::string digits = minor.substr(0, minor.find_first_not_of("0123456789"));
  const auto have = parse_int(digits), want = parse_int(wanted.substr(wanted.find('.') + 1));
  if (!want) return fail(Code::invalid_argument, "not a version: " + wanted);
  if (have && *have >= *want) return std::optional<std::string>();
  return std::optional("came with " + wanted + ", the server is 1." + minor);
}

}  // namespace

Result<std::vector<std::string>> usable_nodes(client::Client& client) {
  std::vector<std::string> names;
  const Json nodes = PLUMB_TRY(client.list_all({"v1", "nodes"}));
  for (const Json& node : nodes["items"]) {
    if (usable(node)) names.push_back(node["metadata"].value("name", ""));
  }
  return names;
}

Result<std::optional<std::string>> Needs::missing(const std::vector<std::string>& needs) {
  for (const std::string& need : needs) {
    auto known = known_.find(need);
    if (known == known_.end()) known = known_.emplace(need, PLUMB_TRY(check(need))).first;
    if (known->second) return known->second;
  }
  return std::optional<std::string>();
}

Result<std::optional<std::string>> Needs::check(const std::string& need) {
  if (need.starts_with("nodes>=")) {
    const auto count = parse_int(need.substr(7));
    if (count) return enough_nodes(client_, *count);
  }
  if (need.starts_with("version>=")) return new_enough(client_, need.substr(9));
  if (need.starts_with("resource:")) {
    const auto slash = need.rfind('/');
    auto found = client_.find_resource(need.substr(9, slash - 9), need.substr(slash + 1));
    if (found.ok()) return std::optional<std::string>();
    if (found.error().code == Code::not_found) return std::optional("the server does not serve " + need.substr(9));
    return found.error();
  }
  if (need == "image") {
    if (const auto without = PLUMB_TRY(missing({"controllers"}))) return without;
    return missing_image(client_, images_, run_);
  }
  if (need == "services") {
    if (const auto without = PLUMB_TRY(missing({"image"}))) return without;
    return missing_service_network(client_, images_, run_);
  }
  if (need == "dns") {
    if (const auto without = PLUMB_TRY(missing({"image"}))) return without;
    return missing_dns(client_, images_, run_);
  }
  if (need == "load-balancers") return missing_load_balancers(client_, run_);
  if (need == "network-policy") {
    if (const auto without = PLUMB_TRY(missing({"image"}))) return without;
    return missing_network_policy(client_, images_, run_);
  }
  if (need == "metrics") {
    auto usage = client_.list({"metrics.k8s.io/v1beta1", "pods", "kube-system"});
    if (usage.ok()) return std::optional<std::string>();
    if (usage.error().code == Code::not_found) return std::optional<std::string>("no resource metrics API: the server does not serve metrics.k8s.io/v1beta1, so nothing tells what pods use");
    if (usage.error().http_status == 503) return std::optional("the resource metrics API does not answer: " + usage.error().message);
    return usage.error();
  }
  if (need == "controllers") {
    auto account = client_.get({"v1", "serviceaccounts", "default"}, "default");
    if (account.ok()) return std::optional<std::string>();
    if (account.error().code == Code::not_found) return std::optional<std::string>("no controller manager acts on this cluster");
    return account.error();
  }
  return fail(Code::invalid_argument, "no such need: " + need);
}

}  // namespace plumb::harness
