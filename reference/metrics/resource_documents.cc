#include "reference/metrics/resource_documents.h"

#include <algorithm>

#include "reference/api/text/quantity.h"
#include "reference/api/text/time.h"
#include "reference/api/types/corev1.h"

namespace plumb::metrics_api {
namespace {

using api::Doc;

Doc usage_doc(std::uint64_t nano_cpu, std::uint64_t memory) { return Doc::object({{"cpu", cpu_quantity(nano_cpu)}, {"memory", memory_quantity(memory)}}); }

bool is_pod(const ResourceUse& use) { return use.object->type().name == "Pod"; }

// The oldest reading, and the window that goes with it, stand for all containers.
const Measured& oldest(const ResourceUse& use) {
  return std::min_element(use.containers.begin(), use.containers.end(), [](const auto& a, const auto& b) { return a.second.at < b.second.at; })->second;
}

Doc metadata_of(const api::Object& object, WallTime now) {
  std::vector<std::pair<std::string, Doc>> members{{"name", object.metadata.name.str()}, {"creationTimestamp", api::format_time(now)}};
  if (!object.metadata.namespace_.empty()) members.emplace_back("namespace", object.metadata.namespace_.str());
  std::vector<std::pair<std::string, Doc>> labels;
  for (const auto& label : object.metadata.labels) labels.emplace_back(std::string(label.key.view()), label.value.str());
  if (!labels.empty()) members.emplace_back("labels", Doc::object(std::move(labels)));
  return Doc::object(std::move(members));
}

std::string window_text(Duration window) { return api::format_duration(std::chrono::duration_cast<std::chrono::milliseconds>(window)); }

Doc column(const char* name, const char* type, const char* format = "") {
  return Doc::object({{"name", name}, {"type", type}, {"format", format}, {"description", ""}, {"priority", 0}});
}

}  // namespace

std::string cpu_quantity(std::uint64_t nano) {
  if (nano == 0) return "0";
  static constexpr const char* suffixes[] = {"n", "u", "m", ""};
  int at = 0;
  for (; at < 3 && nano % 1000 == 0; ++at) nano /= 1000;
  return std::to_string(nano) + suffixes[at];
}

std::string memory_quantity(std::uint64_t bytes) { return api::Quantity::of(static_cast<std::int64_t>(bytes), api::Quantity::Format::binary_si).to_string(); }

Doc resource_doc(const ResourceUse& use, WallTime now) {
  const Measured& when = oldest(use);
  Doc made = Doc::object({{"kind", is_pod(use) ? "PodMetrics" : "NodeMetrics"},
                          {"apiVersion", std::string(kResourceGroup) + "/" + kResourceVersion},
                          {"metadata", metadata_of(*use.object, now)},
                          {"timestamp", api::format_time(when.at)},
                          {"window", window_text(when.window)}});
  if (!is_pod(use)) return made.with("usage", usage_doc(when.nano_cpu, when.memory_bytes));
  std::vector<Doc> containers;
  for (const auto& [name, each] : use.containers) containers.push_back(Doc::object({{"name", name}, {"usage", usage_doc(each.nano_cpu, each.memory_bytes)}}));
  return made.with("containers", Doc::array(std::move(containers)));
}

Doc resource_list(std::string_view kind, const std::vector<ResourceUse>& uses, WallTime now) {
  std::vector<Doc> items;
  items.reserve(uses.size());
  for (const ResourceUse& each : uses) items.push_back(resource_doc(each, now));
  return Doc::object({{"kind", Doc(kind)}, {"apiVersion", std::string(kResourceGroup) + "/" + kResourceVersion}, {"metadata", Doc::object()}, {"items", Doc::array(std::move(items))}});
}

Doc resource_table(const std::vector<ResourceUse>& uses, WallTime now) {
  std::vector<Doc> rows;
  for (const ResourceUse& each : uses) {
    std::uint64_t cpu = 0, memory = 0;
    for (const auto& [name, use] : each.containers) {
      cpu += use.nano_cpu;
      memory += use.memory_bytes;
    }
    rows.push_back(Doc::object({{"cells", Doc::array({each.object->metadata.name.str(), cpu_quantity(cpu), memory_quantity(memory), window_text(oldest(each).window)})},
                                {"object", Doc::object({{"kind", "PartialObjectMetadata"}, {"apiVersion", "meta.k8s.io/v1"}, {"metadata", metadata_of(*each.object, now)}})}}));
  }
  return Doc::object({{"kind", "Table"},
                      {"apiVersion", "meta.k8s.io/v1"},
                      {"metadata", Doc::object()},
                      {"columnDefinitions", Doc::array({column("Name", "string", "name"), column("cpu", "string", "quantity"), column("memory", "string", "quantity"), column("Window", "string", "duration")})},
                      {"rows", Doc::array(std::move(rows))}});
}

Doc served_resources() {
  const auto entry = [](const char* name, bool namespaced, const char* kind) {
    return Doc::object({{"name", name}, {"singularName", ""}, {"namespaced", namespaced}, {"kind", kind}, {"verbs", Doc::array({"get", "list"})}});
  };
  return Doc::array({entry("nodes", false, "NodeMetrics"), entry("pods", true, "PodMetrics")});
}

}  // namespace plumb::metrics_api
