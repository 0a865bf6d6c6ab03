// The container runtime as the kubelet sees it: pod sandboxes, containers in them, images, events. The words are CRI v1's.
//
// Implementations: connect_containerd() (containerd.h) and FakeRuntime (fake.h); contract.h is the suite both pass. What every one promises:
//  - All calls are safe from any thread. Calls block until done; they are for worker threads, not for reactor threads.
//  - stop and remove are idempotent: what is gone already is a success. Everything else answers not_found for an unknown id.
//  - remove_sandbox ends and removes the containers of the sandbox.
//  - A start is complete when the container runs, or has ended already; a runtime may answer a little earlier, the event tells.
//  - Exit codes are 128 + signal for a process ended by a signal.
// Callers retry: an error of Code::unavailable says the runtime could not be asked, nothing about the pod.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/result.h"

namespace plumb::cri {

using StringMap = std::map<std::string, std::string>;

enum class NamespaceMode { pod = 0, container = 1, node = 2, target = 3 };
struct NamespaceOptions {
  NamespaceMode network = NamespaceMode::pod, pid = NamespaceMode::container, ipc = NamespaceMode::pod;
  std::string target_id;
};

struct SecurityProfile {
  enum class Type { runtime_default = 0, unconfined = 1, localhost = 2 };
  Type type = Type::runtime_default;
  std::string localhost_ref;
};

enum class Protocol { tcp = 0, udp = 1, sctp = 2 };
struct PortMapping {
  Protocol protocol = Protocol::tcp;
  int container_port = 0, host_port = 0;
  std::string host_ip;
};

struct SandboxMetadata {
  std::string name, uid, name_space;
  std::uint32_t attempt = 0;
  bool operator==(const SandboxMetadata&) const = default;
};

struct SandboxConfig {
  SandboxMetadata metadata;
  std::string hostname, log_directory;
  std::vector<std::string> dns_servers, dns_searches, dns_options;
  std::vector<PortMapping> port_mappings;
  StringMap labels, annotations;
  std::string cgroup_parent;
  StringMap sysctls;
  NamespaceOptions namespaces;
  std::optional<std::int64_t> run_as_user, run_as_group;
  std::vector<std::int64_t> supplemental_groups;
  bool privileged = false, readonly_rootfs = false;
  std::optional<SecurityProfile> seccomp;
};

enum class MountPropagation { none = 0, host_to_container = 1, bidirectional = 2 };
struct Mount {
  std::string container_path, host_path;
  bool readonly = false;
  MountPropagation propagation = MountPropagation::none;
};

struct Device {
  std::string container_path, host_path, permissions;
};

struct Resources {  // 0 and "" leave the runtime's default
  std::int64_t cpu_period_us = 0, cpu_quota_us = 0, cpu_shares = 0, memory_limit_bytes = 0, oom_score_adj = 0;
  std::string cpuset_cpus, cpuset_mems;
  StringMap unified;  // cgroup v2 keys
};

struct ContainerSecurity {
  std::vector<std::string> add_capabilities, drop_capabilities;
  bool privileged = false, readonly_rootfs = false, no_new_privs = false;
  NamespaceOptions namespaces;
  std::optional<std::int64_t> run_as_user, run_as_group;
  std::string run_as_username;
  std::vector<std::int64_t> supplemental_groups;
  std::vector<std::string> masked_paths, readonly_paths;
  std::optional<SecurityProfile> seccomp;
};

struct ContainerConfig {
  std::string name;
  std::uint32_t attempt = 0;
  std::string image;
  std::vector<std::string> command, args;
  std::string working_dir;
  std::vector<std::pair<std::string, std::string>> envs;
  std::vector<Mount> mounts;
  std::vector<Device> devices;
  StringMap labels, annotations;
  std::string log_path;  // below the sandbox's log_directory
  bool stdin_open = false, stdin_once = false, tty = false;
  Resources resources;
  ContainerSecurity security;
};

struct Sandbox {
  std::string id;
  SandboxMetadata metadata;
  bool ready = false;
  WallTime created_at;
  StringMap labels, annotations;
};
struct SandboxStatus : Sandbox {
  std::vector<std::string> ips;  // none on the host's network
};

enum class ContainerState { created = 0, running = 1, exited = 2, unknown = 3 };
struct Container {
  std::string id, sandbox_id, name;
  std::uint32_t attempt = 0;
  std::string image, image_ref;
  ContainerState state = ContainerState::unknown;
  WallTime created_at;
  StringMap labels, annotations;
};
struct ContainerStatus : Container {  // sandbox_id is not part of containerd's status and may be empty
  std::optional<WallTime> started_at, finished_at;
  int exit_code = 0;
  std::string reason, message;  // "Completed", "Error", "OOMKilled"
  std::string log_path;
  std::vector<Mount> mounts;
};

struct SandboxFilter {
  std::string id;
  std::optional<bool> ready;
  StringMap labels;
};
struct ContainerFilter {
  std::string id, sandbox_id;
  std::optional<ContainerState> state;
  StringMap labels;
};

struct ContainerStats {
  std::string id, name;
  StringMap labels;
  WallTime at;
  std::uint64_t cpu_nanoseconds = 0, memory_working_set_bytes = 0, disk_bytes = 0, disk_inodes = 0;
};

struct Image {
  std::string id;
  std::vector<std::string> tags, digests;
  std::uint64_t bytes = 0;
  std::optional<std::int64_t> uid;
  std::string username;
};
struct RegistryAuth {
  std::string username, password, auth, server_address, identity_token, registry_token;
};
struct FilesystemUsage {
  std::string mountpoint;
  std::uint64_t used_bytes = 0, used_inodes = 0;
};

struct VersionInfo {
  std::string runtime_name, runtime_version, api_version;
};
struct RuntimeCondition {
  std::string type;  // "RuntimeReady", "NetworkReady"
  bool status = false;
  std::string reason, message;
};

struct ExecResult {
  std::string out, err;
  int exit_code = 0;
};
struct StreamOptions {
  bool tty = false, in = false, out = true, err = true;
};

struct Event {
  enum class Kind {
    created,
    started,
    exited,         // exit_code is set
    out_of_memory,  // exited follows
    removed,
    resync,         // events may have been missed: list again
  };
  Kind kind = Kind::resync;
  std::string id;  // of a container or of a sandbox; empty for resync
  int exit_code = 0;
};

// Ends the subscription when destroyed, which must not happen in its callback; no callback runs after that.
class Subscription {
 public:
  virtual ~Subscription() = default;
};

class Runtime {
 public:
  virtual ~Runtime() = default;

  virtual Result<VersionInfo> version() = 0;
  virtual Result<std::vector<RuntimeCondition>> status() = 0;

  virtual Result<std::string> run_sandbox(const SandboxConfig& config) = 0;  // answers its id
  virtual Status stop_sandbox(const std::string& id) = 0;
  virtual Status remove_sandbox(const std::string& id) = 0;
  virtual Result<SandboxStatus> sandbox_status(const std::string& id) = 0;
  virtual Result<std::vector<Sandbox>> list_sandboxes(const SandboxFilter& filter = {}) = 0;

  virtual Result<std::string> create_container(const std::string& sandbox_id, const ContainerConfig& config, const SandboxConfig& sandbox) = 0;
  virtual Status start_container(const std::string& id) = 0;
  virtual Status stop_container(const std::string& id, Duration grace) = 0;  // SIGTERM, after `grace` SIGKILL
  virtual Status remove_container(const std::string& id) = 0;
  virtual Result<ContainerStatus> container_status(const std::string& id) = 0;
  virtual Result<std::vector<Container>> list_containers(const ContainerFilter& filter = {}) = 0;
  virtual Status update_container_resources(const std::string& id, const Resources& resources) = 0;
  virtual Status reopen_container_log(const std::string& id) = 0;

  virtual Result<ExecResult> exec_sync(const std::string& id, const std::vector<std::string>& command, Duration limit) = 0;
  // URLs of the runtime's streaming server, for one use each.
  virtual Result<std::string> exec_url(const std::string& id, const std::vector<std::string>& command, const StreamOptions& options) = 0;
  virtual Result<std::string> attach_url(const std::string& id, const StreamOptions& options) = 0;
  virtual Result<std::string> port_forward_url(const std::string& sandbox_id, const std::vector<int>& ports) = 0;

  virtual Result<ContainerStats> container_stats(const std::string& id) = 0;
  virtual Result<std::vector<ContainerStats>> list_container_stats(const ContainerFilter& filter = {}) = 0;

  virtual Result<std::vector<Image>> list_images() = 0;
  virtual Result<std::optional<Image>> image_status(const std::string& image) = 0;  // nullopt: not on this node
  virtual Result<std::string> pull_image(const std::string& image, const RegistryAuth& auth = {}) = 0;  // answers its ref
  virtual Status remove_image(const std::string& image) = 0;
  virtual Result<std::vector<FilesystemUsage>> image_filesystems() = 0;

  // `callback` must be short and must not call the runtime; it runs on a thread of the runtime, one event at a time, starting with a resync.
  virtual std::unique_ptr<Subscription> subscribe(std::function<void(const Event&)> callback) = 0;
};

}  // namespace plumb::cri
