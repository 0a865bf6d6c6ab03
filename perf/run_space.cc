#include "perf/run_space.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/encoding.h"
#include "harness/base/log.h"
#include "harness/base/random.h"
#include "harness/load/measure/measurement.h"
#include "perf/node_stopper.h"

namespace plumb::perf {
namespace {

using nlohmann::json;

constexpr Duration longest_clean_up = std::chrono::minutes(5);
constexpr char outside_annotation[] = "plumb.io/outside";  // "v1/nodes,scheduling.k8s.io/v1/priorityclasses"
constexpr char name_prefix[] = "plumb-perf-";

const client::Resource namespaces{"v1", "namespaces", ""};

std::string selector(const std::string& run_id) { return run_id.empty() ? run_label : std::string(run_label) + "=" + run_id; }

// Namespaces cannot be deleted as a collection.
Status remove_all(client::Client& client, const client::Resource& kind, const std::string& run_id) {
  const client::Query query{{"labelSelector", selector(run_id)}};
  if (kind.plural != namespaces.plural) {
    PLUMB_TRY(client.remove_collection(kind, query));
    return {};
  }
  const json found = PLUMB_TRY(client.list_all(kind, query));
  for (const json& item : found.value("items", json::array())) {
    const std::string name = item.at("metadata").at("name");
    if (name.starts_with(name_prefix)) PLUMB_TRY(client.remove(kind, name));
  }
  return {};
}

}  // namespace

Result<RunSpace> RunSpace::make(client::Client& client, const Scenario& scenario, const std::string& run_id) {
  RunSpace space;
  space.name_ = name_prefix + random_suffix(8);
  space.run_id_ = run_id;
  std::set<std::string> outside;
  for (const auto& [name, object] : scenario.objects) {
    PLUMB_TRY(space.place(client, object));
    const RunObject& placed = space.objects_.at(name);
    if (placed.where.space.empty()) outside.insert(placed.where.group_version + "/" + placed.where.plural);
  }
  json metadata{{"name", space.name_}, {"labels", {{run_label, run_id}}}};
  if (!outside.empty()) metadata["annotations"] = {{outside_annotation, join({outside.begin(), outside.end()}, ",")}};
  const json object{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", metadata}};
  if (auto made = client.create(namespaces, object); !made.ok()) return std::move(made).error().in("making the namespace for scenario " + scenario.name);
  return space;
}

Status RunSpace::place(client::Client& client, const ObjectTemplate& object) {
  const auto served = client.find_kind(object.api_version, object.kind);
  if (!served.ok() && served.error().code != Code::not_found) return served.error();
  if (!served.ok()) return fail(Code::unsupported, "kind " + object.kind + " of " + object.api_version + ": the API server does not serve it");
  RunObject made;
  made.kind = object.kind;
  made.where = served->in(object.space.empty() ? name_ : RunText(object.space).in_space(name_).text());
  const bool inside = is_inside(made);
  if (!inside && object.object_name.text().find("${space}") == std::string::npos && object.space.find("${space}") == std::string::npos) {
    return fail(Code::invalid_argument, "object \"" + object.name + "\" lies outside of the run's namespace: ${space} must stand in its name or namespace, so that runs are apart");
  }
  made.name = object.object_name.in_space(name_);
  json body = json::parse(object.body.in_space(name_).text());
  json& labels = body["metadata"]["labels"];
  if (labels.is_null()) labels = json::object();
  labels[harness::object_label] = object.name;
  if (made.where.space.empty()) labels[run_label] = run_id_;
  made.body = RunText(body.dump());
  objects_.emplace(object.name, std::move(made));
  return {};
}

bool RunSpace::has_pods() const {
  return std::any_of(objects_.begin(), objects_.end(), [&](const auto& entry) { return entry.second.kind == "Pod" && is_inside(entry.second); });
}

Status RunSpace::remove(client::Client& client) const {
  for (const auto& [name, object] : objects_) {
    if (!is_inside(object)) continue;
    if (auto removed = client.remove_collection(object.where); !removed.ok()) log::warning("perf", removed.error().message);
  }
  if (auto removed = client.remove(namespaces, name_); !removed.ok()) return std::move(removed).error().in("cleaning up the namespace " + name_);
  auto gone = client.wait_for(namespaces, name_, "namespace " + name_ + " to be gone", [](const json* object) { return object == nullptr; }, longest_clean_up);
  if (!gone.ok()) return std::move(gone).error().in("cleaning up");
  for (const auto& [name, object] : objects_) {
    if (!object.where.space.empty()) continue;
    PLUMB_TRY(remove_all(client, object.where, run_id_));
    const Status all_gone = client.wait_for_all(object.where, {{"labelSelector", selector(run_id_)}}, object.where.plural + " of the run to be gone",
                                                [](const auto& left) { return left.empty(); }, longest_clean_up);
    if (!all_gone.ok()) return Error(all_gone.error()).in("cleaning up");
  }
  return {};
}

Result<int> clean_up(client::Client& client, const std::string& run_id) {
  const json found = PLUMB_TRY(client.list_all(namespaces, {{"labelSelector", selector(run_id)}}));
  if (const auto woken = wake_silent_nodes(client); !woken.ok()) log::warning("perf", woken.error().message);  // not everybody may
  int count = 0;
  for (const json& item : found.value("items", json::array())) {
    const std::string name = item.at("metadata").at("name");
    if (!name.starts_with(name_prefix)) continue;
    const auto annotations = item.at("metadata").value("annotations", std::map<std::string, std::string>());
    const auto outside = annotations.find(outside_annotation);
    const std::string kinds = outside == annotations.end() ? "" : outside->second;
    for (const auto kind : split(kinds, ',')) {
      const auto slash = kind.rfind('/');
      if (slash == kind.npos) continue;
      PLUMB_TRY(remove_all(client, {std::string(kind.substr(0, slash)), std::string(kind.substr(slash + 1)), ""}, run_id));
    }
    if (auto removed = client.remove(namespaces, name); !removed.ok() && removed.error().code != Code::not_found) return removed.error();
    ++count;
  }
  return count;
}

}  // namespace plumb::perf
