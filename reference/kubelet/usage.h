// What a node and its pods use, and the pages that tell it: /stats/summary (stats/v1alpha1), /metrics/resource and /metrics/cadvisor, with
// upstream's names. Plain data in, text out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "reference/cri/runtime.h"
#include "reference/kubelet/pod_state.h"

namespace plumb::kubelet {

struct Usage {
  std::uint64_t cpu_nanoseconds = 0;  // since it started
  std::uint64_t memory_bytes = 0;     // the working set
};

struct ContainerUsage {
  std::string name;
  WallTime at, started;
  Usage use;
  std::uint64_t disk_bytes = 0, disk_inodes = 0;  // of the writable layer
};

struct PodUsage {
  PodPtr pod;
  std::vector<ContainerUsage> containers;
  Usage total() const;
};

struct FilesystemUsage {
  std::uint64_t available_bytes = 0, capacity_bytes = 0, used_bytes = 0, inodes_free = 0, inodes = 0, inodes_used = 0;
};
struct InterfaceUsage {
  std::string name;
  std::uint64_t received_bytes = 0, received_errors = 0, sent_bytes = 0, sent_errors = 0;
};

struct NodeUsage {
  std::string node;
  WallTime at, started;
  std::optional<Usage> use;  // none: the sum of the pods'
  std::uint64_t memory_capacity = 0;
  std::optional<FilesystemUsage> filesystem;
  std::vector<InterfaceUsage> interfaces;
  std::vector<PodUsage> pods;
  bool complete = true;  // false: the runtime could not be asked
  Usage total() const;
};

// Puts what the runtime says to the pods it belongs to; `started` names when a container began, where that is known.
using StartedAt = std::function<std::optional<WallTime>(const corev1::Pod&, const std::string& container)>;
std::vector<PodUsage> by_pod(const std::vector<PodPtr>& pods, const std::vector<cri::ContainerStats>& stats, const StartedAt& started);

std::string stats_summary(const NodeUsage& usage);
std::string resource_metrics(const NodeUsage& usage);
std::string container_metrics(const NodeUsage& usage);

struct Page {
  std::string type, body;
};
// nullopt where the path is none of these pages.
bool is_usage_page(std::string_view path);
std::optional<Page> usage_page(std::string_view path, const NodeUsage& usage);

}  // namespace plumb::kubelet
