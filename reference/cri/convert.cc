#include "reference/cri/convert.h"

namespace plumb::cri {
namespace {

constexpr int kSandboxReady = 0, kSandboxNotReady = 1;

WallTime wall(std::int64_t nanoseconds) { return WallTime(Duration(nanoseconds)); }

std::optional<WallTime> wall_if_set(std::int64_t nanoseconds) {
  if (nanoseconds <= 0) return std::nullopt;
  return wall(nanoseconds);
}

template <class Map>
StringMap string_map(const Map& from) {
  return StringMap(from.begin(), from.end());
}

template <class Map>
void put(const StringMap& from, Map* to) {
  for (const auto& [key, value] : from) (*to)[key] = value;
}

template <class List, class Repeated>
void put_list(const List& from, Repeated* to) {
  for (const auto& item : from) *to->Add() = item;
}

void put(const NamespaceOptions& from, wire::NamespaceOption& to) {
  to.set_network(static_cast<int>(from.network));
  to.set_pid(static_cast<int>(from.pid));
  to.set_ipc(static_cast<int>(from.ipc));
  to.set_target_id(from.target_id);
}

void put(const SecurityProfile& from, wire::SecurityProfile& to) {
  to.set_profile_type(static_cast<int>(from.type));
  to.set_localhost_ref(from.localhost_ref);
}

// Where both the sandbox's and the container's security context have the field.
template <class From, class To>
void put_common_security(const From& from, To& to) {
  put(from.namespaces, *to.mutable_namespace_options());
  if (from.run_as_user) to.mutable_run_as_user()->set_value(*from.run_as_user);
  if (from.run_as_group) to.mutable_run_as_group()->set_value(*from.run_as_group);
  to.set_readonly_rootfs(from.readonly_rootfs);
  to.set_privileged(from.privileged);
  for (const auto group : from.supplemental_groups) to.add_supplemental_groups(group);
  if (from.seccomp) put(*from.seccomp, *to.mutable_seccomp());
}

void put(const ContainerSecurity& from, wire::ContainerSecurity& to) {
  put_common_security(from, to);
  put_list(from.add_capabilities, to.mutable_capabilities()->mutable_add_capabilities());
  put_list(from.drop_capabilities, to.mutable_capabilities()->mutable_drop_capabilities());
  to.set_run_as_username(from.run_as_username);
  to.set_no_new_privs(from.no_new_privs);
  put_list(from.masked_paths, to.mutable_masked_paths());
  put_list(from.readonly_paths, to.mutable_readonly_paths());
}

SandboxMetadata metadata(const wire::SandboxMetadata& from) { return {from.name(), from.uid(), from.namespace_(), from.attempt()}; }

Sandbox sandbox_base(const auto& from) {
  return {from.id(), metadata(from.metadata()), from.state() == kSandboxReady, wall(from.created_at()), string_map(from.labels()), string_map(from.annotations())};
}

std::optional<Event> container_event(Event::Kind kind, const std::string& bytes) {
  wire::ContainerEvent event;
  if (!event.ParseFromString(bytes)) return std::nullopt;
  return Event{kind, event.id(), 0};
}

}  // namespace

void to_wire(const SandboxConfig& from, wire::SandboxConfig& to) {
  auto& metadata = *to.mutable_metadata();
  metadata.set_name(from.metadata.name);
  metadata.set_uid(from.metadata.uid);
  metadata.set_namespace_(from.metadata.name_space);
  metadata.set_attempt(from.metadata.attempt);
  to.set_hostname(from.hostname);
  to.set_log_directory(from.log_directory);
  put_list(from.dns_servers, to.mutable_dns_config()->mutable_servers());
  put_list(from.dns_searches, to.mutable_dns_config()->mutable_searches());
  put_list(from.dns_options, to.mutable_dns_config()->mutable_options());
  for (const auto& mapping : from.port_mappings) {
    auto& port = *to.add_port_mappings();
    port.set_protocol(static_cast<int>(mapping.protocol));
    port.set_container_port(mapping.container_port);
    port.set_host_port(mapping.host_port);
    port.set_host_ip(mapping.host_ip);
  }
  put(from.labels, to.mutable_labels());
  put(from.annotations, to.mutable_annotations());
  to.mutable_linux()->set_cgroup_parent(from.cgroup_parent);
  put(from.sysctls, to.mutable_linux()->mutable_sysctls());
  put_common_security(from, *to.mutable_linux()->mutable_security_context());
}

void to_wire(const Resources& from, wire::Resources& to) {
  to.set_cpu_period(from.cpu_period_us);
  to.set_cpu_quota(from.cpu_quota_us);
  to.set_cpu_shares(from.cpu_shares);
  to.set_memory_limit_in_bytes(from.memory_limit_bytes);
  to.set_oom_score_adj(from.oom_score_adj);
  to.set_cpuset_cpus(from.cpuset_cpus);
  to.set_cpuset_mems(from.cpuset_mems);
  put(from.unified, to.mutable_unified());
}

void to_wire(const ContainerConfig& from, wire::ContainerConfig& to) {
  to.mutable_metadata()->set_name(from.name);
  to.mutable_metadata()->set_attempt(from.attempt);
  to.mutable_image()->set_image(from.image);
  put_list(from.command, to.mutable_command());
  put_list(from.args, to.mutable_args());
  to.set_working_dir(from.working_dir);
  for (const auto& [key, value] : from.envs) {
    auto& env = *to.add_envs();
    env.set_key(key);
    env.set_value(value);
  }
  for (const auto& mount : from.mounts) {
    auto& item = *to.add_mounts();
    item.set_container_path(mount.container_path);
    item.set_host_path(mount.host_path);
    item.set_readonly(mount.readonly);
    item.set_propagation(static_cast<int>(mount.propagation));
  }
  for (const auto& device : from.devices) {
    auto& item = *to.add_devices();
    item.set_container_path(device.container_path);
    item.set_host_path(device.host_path);
    item.set_permissions(device.permissions);
  }
  put(from.labels, to.mutable_labels());
  put(from.annotations, to.mutable_annotations());
  to.set_log_path(from.log_path);
  to.set_stdin(from.stdin_open);
  to.set_stdin_once(from.stdin_once);
  to.set_tty(from.tty);
  to_wire(from.resources, *to.mutable_linux()->mutable_resources());
  put(from.security, *to.mutable_linux()->mutable_security_context());
}

void to_wire(const SandboxFilter& from, wire::SandboxFilter& to) {
  to.set_id(from.id);
  if (from.ready) to.mutable_state()->set_state(*from.ready ? kSandboxReady : kSandboxNotReady);
  put(from.labels, to.mutable_label_selector());
}

void to_wire(const ContainerFilter& from, wire::ContainerFilter& to) {
  to.set_id(from.id);
  to.set_pod_sandbox_id(from.sandbox_id);
  if (from.state) to.mutable_state()->set_state(static_cast<int>(*from.state));
  put(from.labels, to.mutable_label_selector());
}

void to_wire(const RegistryAuth& from, wire::AuthConfig& to) {
  to.set_username(from.username);
  to.set_password(from.password);
  to.set_auth(from.auth);
  to.set_server_address(from.server_address);
  to.set_identity_token(from.identity_token);
  to.set_registry_token(from.registry_token);
}

Sandbox from_wire(const wire::Sandbox& from) { return sandbox_base(from); }

SandboxStatus from_wire(const wire::SandboxStatus& from) {
  SandboxStatus to{sandbox_base(from), {}};
  if (!from.network().ip().empty()) to.ips.push_back(from.network().ip());
  for (const auto& more : from.network().additional_ips()) to.ips.push_back(more.ip());
  return to;
}

Container from_wire(const wire::Container& from) {
  return {from.id(), from.pod_sandbox_id(), from.metadata().name(), from.metadata().attempt(), from.image().image(), from.image_ref(),
          static_cast<ContainerState>(from.state()), wall(from.created_at()), string_map(from.labels()), string_map(from.annotations())};
}

ContainerStatus from_wire(const wire::ContainerStatus& from) {
  ContainerStatus to;
  static_cast<Container&>(to) = {from.id(), {}, from.metadata().name(), from.metadata().attempt(), from.image().image(), from.image_ref(),
                                 static_cast<ContainerState>(from.state()), wall(from.created_at()), string_map(from.labels()),
                                 string_map(from.annotations())};
  to.started_at = wall_if_set(from.started_at());
  to.finished_at = wall_if_set(from.finished_at());
  to.exit_code = from.exit_code();
  to.reason = from.reason();
  to.message = from.message();
  to.log_path = from.log_path();
  for (const auto& mount : from.mounts())
    to.mounts.push_back({mount.container_path(), mount.host_path(), mount.readonly(), static_cast<MountPropagation>(mount.propagation())});
  return to;
}

ContainerStats from_wire(const wire::ContainerStats& from) {
  return {from.attributes().id(), from.attributes().metadata().name(), string_map(from.attributes().labels()), wall(from.cpu().timestamp()),
          from.cpu().value().value(), from.memory().value().value(), from.writable_layer().used_bytes().value(),
          from.writable_layer().inodes_used().value()};
}

Image from_wire(const wire::Image& from) {
  Image to{from.id(), {from.repo_tags().begin(), from.repo_tags().end()}, {from.repo_digests().begin(), from.repo_digests().end()}, from.size(), {},
           from.username()};
  if (from.has_uid()) to.uid = from.uid().value();
  return to;
}

std::optional<Event> from_wire(const wire::Envelope& from) {
  const auto& bytes = from.event().value();
  if (from.topic() == "/containers/create") return container_event(Event::Kind::created, bytes);
  if (from.topic() == "/containers/delete") return container_event(Event::Kind::removed, bytes);
  if (from.topic() == "/tasks/start") return container_event(Event::Kind::started, bytes);  // its container_id is field 1, too
  if (from.topic() == "/tasks/oom") return container_event(Event::Kind::out_of_memory, bytes);
  if (from.topic() != "/tasks/exit") return std::nullopt;
  wire::TaskExit exit;
  // An exec in a container ends under its own id, the container's process under the container's.
  if (!exit.ParseFromString(bytes) || exit.id() != exit.container_id()) return std::nullopt;
  return Event{Event::Kind::exited, exit.container_id(), static_cast<int>(exit.exit_status())};
}

}  // namespace plumb::cri
