#include "reference/kubelet/stats.h"

#include <nlohmann/json.hpp>

#include "reference/api/text/time.h"
#include "reference/kubelet/pod_host.h"

namespace plumb::kubelet {
namespace {

using nlohmann::json;

json container_json(const cri::ContainerStats& stats) {
  const std::string time = api::format_time(stats.at);
  return {{"name", stats.name},
          {"cpu", {{"time", time}, {"usageCoreNanoSeconds", stats.cpu_nanoseconds}}},
          {"memory", {{"time", time}, {"workingSetBytes", stats.memory_working_set_bytes}}},
          {"rootfs", {{"time", time}, {"usedBytes", stats.disk_bytes}, {"inodesUsed", stats.disk_inodes}}}};
}

}  // namespace

std::string stats_summary(const std::string& node, const std::vector<PodPtr>& pods, const std::vector<cri::ContainerStats>& stats, WallTime now) {
  json list = json::array();
  std::uint64_t cpu = 0, memory = 0;
  for (const auto& pod : pods) {
    json containers = json::array();
    std::uint64_t pod_cpu = 0, pod_memory = 0;
    for (const auto& item : stats) {
      const auto uid = item.labels.find(label::kPodUid);
      if (uid == item.labels.end() || pod->metadata.uid != uid->second) continue;
      containers.push_back(container_json(item));
      pod_cpu += item.cpu_nanoseconds;
      pod_memory += item.memory_working_set_bytes;
    }
    cpu += pod_cpu;
    memory += pod_memory;
    list.push_back({{"podRef", {{"name", pod->metadata.name.str()}, {"namespace", pod->metadata.namespace_.str()}, {"uid", pod->metadata.uid.str()}}},
                    {"startTime", api::format_time(pod->status.startTime ? pod->status.startTime.wall() : now)},
                    {"containers", std::move(containers)},
                    {"cpu", {{"time", api::format_time(now)}, {"usageCoreNanoSeconds", pod_cpu}}},
                    {"memory", {{"time", api::format_time(now)}, {"workingSetBytes", pod_memory}}}});
  }
  const json document = {{"node", {{"nodeName", node},
                                   {"cpu", {{"time", api::format_time(now)}, {"usageCoreNanoSeconds", cpu}}},
                                   {"memory", {{"time", api::format_time(now)}, {"workingSetBytes", memory}}}}},
                         {"pods", std::move(list)}};
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace plumb::kubelet
