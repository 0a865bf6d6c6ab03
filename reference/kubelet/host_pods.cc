#include "reference/kubelet/host_pods.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/base/encoding.h"
#include "harness/base/log.h"
#include "reference/kubelet/admission.h"
#include "reference/kubelet/logs.h"
#include "reference/kubelet/name_resolution.h"
#include "reference/kubelet/security.h"
#include "reference/kubelet/status.h"

namespace plumb::kubelet {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxMessage = 4096, kMaxLogMessage = 2048, kMaxLogLines = 80, kMaxHostname = 63;

std::string read_file(const std::string& path, std::size_t limit = 1 << 20) {
  std::ifstream file(path, std::ios::binary);
  std::string text(limit, '\0');
  file.read(text.data(), static_cast<std::streamsize>(limit));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return text;
}

std::string host_name(const corev1::Pod& pod) {
  std::string name = pod.spec.hostname.empty() ? pod.metadata.name.str() : pod.spec.hostname.str();
  if (name.size() > kMaxHostname) name.resize(kMaxHostname);
  while (!name.empty() && (name.back() == '-' || name.back() == '.')) name.pop_back();
  return name;
}

std::string domain_name(const corev1::Pod& pod, const std::string& cluster_domain) {
  if (pod.spec.subdomain.empty() || cluster_domain.empty()) return "";
  return pod.spec.subdomain.str() + "." + pod.metadata.namespace_.str() + ".svc." + cluster_domain;
}

std::string hosts_file(const corev1::Pod& pod, const std::vector<std::string>& ips, const std::string& cluster_domain) {
  std::string text = "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n"
                     "fe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n";
  if (pod.spec.hostNetwork) text = "# Kubernetes-managed hosts file (host network).\n" + read_file("/etc/hosts");
  const std::string host = host_name(pod), domain = domain_name(pod, cluster_domain);
  if (!pod.spec.hostNetwork)
    for (const auto& ip : ips) text += ip + "\t" + (domain.empty() ? host : host + "." + domain + "\t" + host) + "\n";
  if (!pod.spec.hostAliases.empty()) text += "\n# Entries added by HostAliases.\n";
  for (const auto& alias : pod.spec.hostAliases) {
    text += alias.ip.str();
    for (const auto& name : alias.hostnames) text += "\t" + name.str();
    text += "\n";
  }
  return text;
}

const corev1::Volume* pod_volume(const corev1::Pod& pod, const api::Str& name) {
  const auto found = std::find_if(pod.spec.volumes.begin(), pod.spec.volumes.end(), [&](const auto& item) { return item.name == name; });
  return found == pod.spec.volumes.end() ? nullptr : &*found;
}

cri::MountPropagation propagation(const corev1::VolumeMount& mount) {
  const auto mode = mount.mountPropagation.value_or("None");
  if (mode == "Bidirectional") return cri::MountPropagation::bidirectional;
  return mode == "HostToContainer" ? cri::MountPropagation::host_to_container : cri::MountPropagation::none;
}

std::string registry_of(const std::string& image) {
  const auto slash = image.find('/');
  const std::string first = image.substr(0, slash);
  const bool host = slash != std::string::npos && (first.find_first_of(".:") != std::string::npos || first == "localhost");
  return host ? first : "docker.io";
}

bool names_registry(std::string key, const std::string& registry) {
  for (const char* scheme : {"https://", "http://"})
    if (key.starts_with(scheme)) key = key.substr(std::string(scheme).size());
  const std::string host = key.substr(0, key.find('/'));
  return host == registry || (registry == "docker.io" && host == "index.docker.io");
}

// The entries of a dockerconfigjson (or the older dockercfg) for a registry.
void add_auths(const std::string& text, bool old_form, const std::string& registry, std::vector<cri::RegistryAuth>& auths) {
  const auto document = nlohmann::json::parse(text, nullptr, false);
  if (!document.is_object()) return;
  const auto& entries = old_form ? document : document.contains("auths") ? document["auths"] : document;
  if (!entries.is_object()) return;
  for (const auto& [key, entry] : entries.items()) {
    if (!entry.is_object() || !names_registry(key, registry)) continue;
    cri::RegistryAuth auth;
    const auto text_of = [&entry = entry](const char* name) { return entry.contains(name) && entry[name].is_string() ? entry[name].template get<std::string>() : std::string(); };
    auth.username = text_of("username");
    auth.password = text_of("password");
    auth.auth = text_of("auth");
    auth.identity_token = text_of("identitytoken");
    auth.registry_token = text_of("registrytoken");
    auths.push_back(std::move(auth));
  }
}

Status write_text(const std::string& path, const std::string& text, mode_t mode) {
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  std::ofstream file(path, std::ios::trunc);
  file << text;
  file.close();
  if (!file) return fail_errno("writing " + path);
  chmod(path.c_str(), mode);
  return {};
}

}  // namespace

HostPods::HostPods(HostPodsOptions options, ReferencedObjects& objects, cri::Runtime& runtime)
    : options_(std::move(options)), objects_(objects), runtime_(runtime), volumes_(options_.root_dir + "/pods", objects),
      cgroups_(PodCgroups::of_this_machine(options_.cgroup_root)) {}

FieldContext HostPods::fields(const corev1::Pod& pod, std::vector<std::string> ips) const {
  if (ips.empty())
    for (const auto& ip : pod.status.podIPs) ips.push_back(ip.ip.str());
  if (ips.empty() && pod.spec.hostNetwork) ips.push_back(options_.node_ip);
  return {pod, options_.node_ip, std::move(ips), options_.milli_cpu, options_.memory_bytes, options_.storage_bytes};
}

Status HostPods::admit(const corev1::Pod& pod, const std::vector<PodPtr>& others, const corev1::Node* node) {
  return admit_to_node(pod, others, {options_.milli_cpu, options_.memory_bytes, options_.storage_bytes, options_.max_pods}, options_.node_labels, node);
}

std::string HostPods::log_dir(const corev1::Pod& pod) const {
  return options_.pod_log_dir + "/" + pod.metadata.namespace_.str() + "_" + pod.metadata.name.str() + "_" + pod.metadata.uid.str();
}

Status HostPods::set_up(const PodPtr& pod) {
  std::error_code error;
  fs::create_directories(volumes_.pod_dir(*pod) + "/volumes", error);
  if (error) return fail(Code::internal, "making " + volumes_.pod_dir(*pod) + ": " + error.message());
  fs::permissions(volumes_.pod_dir(*pod), fs::perms(0750), error);
  objects_.use(*pod);
  return volumes_.set_up(fields(*pod));
}

Status HostPods::refresh(const corev1::Pod& pod) { return volumes_.refresh(fields(pod)); }

void HostPods::name_resolution(const corev1::Pod& pod, cri::SandboxConfig& config) const {
  NameResolution made = name_resolution_of(pod, {read_file(options_.resolv_conf), options_.cluster_dns, options_.cluster_domain});
  for (const std::string& message : made.omitted) log::warning("kubelet", "pod " + pod_in_messages(pod) + ": " + message);
  config.dns_servers = std::move(made.servers);
  config.dns_searches = std::move(made.searches);
  config.dns_options = std::move(made.options);
}

Result<cri::SandboxConfig> HostPods::sandbox_config(const corev1::Pod& pod, std::uint32_t attempt) {
  cri::SandboxConfig config = basic_sandbox_config(pod, attempt);
  for (const auto& entry : pod.metadata.labels) config.labels.emplace(entry.key.str(), entry.value.str());
  for (const auto& entry : pod.metadata.annotations) config.annotations.emplace(entry.key.str(), entry.value.str());
  config.log_directory = log_dir(pod);
  if (!pod.spec.hostNetwork) config.hostname = host_name(pod);
  name_resolution(pod, config);
  for (const auto& container : pod.spec.containers)
    for (const auto& port : container.ports) {
      if (port.hostPort <= 0 || pod.spec.hostNetwork) continue;
      const auto protocol = port.protocol == "UDP" ? cri::Protocol::udp : port.protocol == "SCTP" ? cri::Protocol::sctp : cri::Protocol::tcp;
      config.port_mappings.push_back({protocol, port.containerPort, port.hostPort, port.hostIP.str()});
    }
  add_sandbox_security(pod, config);
  PLUMB_TRY(cgroups_.make(pod));
  config.cgroup_parent = cgroups_.parent_of(pod);
  return config;
}

Result<cri::ContainerConfig> HostPods::container_config(const corev1::Pod& pod, const corev1::Container& container, std::uint32_t attempt,
                                                        const std::vector<std::string>& ips) {
  cri::ContainerConfig config = basic_container_config(pod, container, attempt);
  std::error_code error;
  fs::create_directories(log_dir(pod) + "/" + container.name.str(), error);
  PLUMB_TRY(check_non_root(pod, container));
  const FieldContext context = fields(pod, ips);
  const Variables services = options_.service_variables ? PLUMB_TRY(options_.service_variables(pod)) : Variables{};
  config.envs = PLUMB_TRY(make_environment(context, container, objects_, services));
  if (!pod.spec.hostNetwork) config.envs.insert(config.envs.begin(), {"HOSTNAME", host_name(pod)});
  for (const auto& word : container.command) config.command.push_back(expand(word, config.envs));
  for (const auto& word : container.args) config.args.push_back(expand(word, config.envs));
  config.working_dir = container.workingDir.str();
  PLUMB_TRY(add_mounts(pod, container, config.envs, config));
  PLUMB_TRY(add_devices(pod, container, config));
  PLUMB_TRY(add_hosts_file(pod, container, context.pod_ips, config));
  PLUMB_TRY(add_termination_file(pod, container, attempt, config));
  config.stdin_open = container.stdin;
  config.stdin_once = container.stdinOnce;
  config.tty = container.tty;
  config.resources = container_resources(pod, container, options_.memory_bytes);
  config.security = container_security(pod, container);
  return config;
}

Status HostPods::check_non_root(const corev1::Pod& pod, const corev1::Container& container) {
  const auto& own = container.securityContext;
  const auto& whole = pod.spec.securityContext;
  const bool wanted = own && own->runAsNonRoot ? *own->runAsNonRoot : whole && whole->runAsNonRoot.value_or(false);
  if (!wanted) return {};
  const auto security = container_security(pod, container);
  const std::string who = " (pod: \"" + pod_in_messages(pod) + "\", container: " + container.name.str() + ")";
  if (security.run_as_user) {
    if (*security.run_as_user != 0) return {};
    return fail(Code::permission_denied, "container's runAsUser breaks non-root policy" + who);
  }
  const auto image = PLUMB_TRY(runtime_.image_status(container.image.str()));
  if (image && image->uid && *image->uid != 0) return {};
  if (image && !image->username.empty())
    return fail(Code::permission_denied, "container has runAsNonRoot and image has non-numeric user (" + image->username + "), cannot verify user is non-root" + who);
  return fail(Code::permission_denied, "container has runAsNonRoot and image will run as root" + who);
}

Status HostPods::add_mounts(const corev1::Pod& pod, const corev1::Container& container, const Variables& variables, cri::ContainerConfig& config) {
  for (std::size_t n = 0; n < container.volumeMounts.size(); n++) {
    const auto& mount = container.volumeMounts[n];
    const auto* volume = pod_volume(pod, mount.name);
    if (!volume) return fail(Code::not_found, "container " + container.name.str() + " mounts volume " + mount.name.str() + ", which the pod has not");
    const std::string sub_path = mount.subPathExpr.empty() ? mount.subPath.str() : expand(mount.subPathExpr, variables);
    const auto source = volumes_.source(pod, container, *volume, n, sub_path);
    if (!source.ok()) {
      if (sub_path.empty()) return source.error();
      return Error(source.error()).in("failed to prepare subPath for volumeMount \"" + mount.name.str() + "\" of container \"" + container.name.str() + "\"");
    }
    std::string target = mount.mountPath.str();
    if (!target.starts_with('/')) target = "/" + target;
    config.mounts.push_back({target, source->path, mount.readOnly || source->read_only, propagation(mount)});
  }
  return {};
}

Status HostPods::add_devices(const corev1::Pod& pod, const corev1::Container& container, cri::ContainerConfig& config) {
  for (const auto& device : container.volumeDevices) {
    const auto* volume = pod_volume(pod, device.name);
    if (!volume) return fail(Code::not_found, "container " + container.name.str() + " uses device " + device.name.str() + ", which the pod has not");
    const auto source = PLUMB_TRY(volumes_.device(pod, *volume));
    config.devices.push_back({device.devicePath.str(), source.path, source.read_only ? "r" : "mrw"});
  }
  return {};
}

Status HostPods::add_hosts_file(const corev1::Pod& pod, const corev1::Container& container, const std::vector<std::string>& ips, cri::ContainerConfig& config) {
  for (const auto& mount : container.volumeMounts)
    if (mount.mountPath == "/etc/hosts") return {};
  const std::string path = volumes_.pod_dir(pod) + "/etc-hosts";
  PLUMB_TRY(write_text(path, hosts_file(pod, ips, options_.cluster_domain), 0644));
  const bool readonly = container.securityContext && container.securityContext->readOnlyRootFilesystem.value_or(false);
  config.mounts.push_back({"/etc/hosts", path, readonly, cri::MountPropagation::none});
  return {};
}

Status HostPods::add_termination_file(const corev1::Pod& pod, const corev1::Container& container, std::uint32_t attempt, cri::ContainerConfig& config) {
  const std::string path = volumes_.pod_dir(pod) + "/containers/" + container.name.str() + "/" + std::to_string(attempt);
  PLUMB_TRY(write_text(path, "", 0666));
  config.mounts.push_back({container.terminationMessagePath.empty() ? "/dev/termination-log" : container.terminationMessagePath.str(), path});
  return {};
}

std::string HostPods::termination_message(const corev1::Pod& pod, const corev1::Container& container, const ContainerRun& run) {
  const std::string path = volumes_.pod_dir(pod) + "/containers/" + container.name.str() + "/" + std::to_string(run.attempt);
  std::string text = read_file(path, kMaxMessage);
  if (!text.empty() || container.terminationMessagePolicy != "FallbackToLogsOnError" || run.exit_code == 0) return text;
  const std::string log = log_dir(pod) + "/" + container.name.str() + "/" + std::to_string(run.attempt) + ".log";
  return tail_of_log(log, kMaxLogLines, kMaxLogMessage);
}

Result<std::vector<cri::RegistryAuth>> HostPods::registry_auths(const corev1::Pod& pod, const std::string& image) {
  std::vector<cri::RegistryAuth> auths;
  const std::string registry = registry_of(image);
  for (const auto& reference : pod.spec.imagePullSecrets) {
    const auto secret = PLUMB_TRY(objects_.secret(pod.metadata.namespace_, reference.name));
    if (!secret) continue;
    if (const auto* config = secret->data.find(".dockerconfigjson")) add_auths(config->data.str(), false, registry, auths);
    if (const auto* config = secret->data.find(".dockercfg")) add_auths(config->data.str(), true, registry, auths);
  }
  return auths;
}

Status HostPods::tear_down(const corev1::Pod& pod) {
  objects_.release(pod);
  return volumes_.tear_down(pod);
}

void HostPods::remove(const corev1::Pod& pod) {
  std::error_code ignored;
  objects_.release(pod);
  if (const Status done = volumes_.tear_down(pod); done.ok()) volumes_.remove(pod);
  else log::warning("kubelet", "removing the volumes of pod " + pod.metadata.uid.str() + ": " + done.error().message);
  fs::remove_all(log_dir(pod), ignored);
  cgroups_.remove(pod);
}

void HostPods::remove_remains(const std::string& uid) {
  corev1::Pod pod;
  pod.metadata.uid = uid;
  if (const Status done = volumes_.tear_down(pod); done.ok()) volumes_.remove(pod);
  else log::warning("kubelet", "orphaned pod \"" + uid + "\" found, but its volumes cannot be removed: " + done.error().message);
}

}  // namespace plumb::kubelet
