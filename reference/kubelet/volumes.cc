#include "reference/kubelet/volumes.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "reference/api/text/quantity.h"

namespace plumb::kubelet {
namespace {

namespace fs = std::filesystem;

constexpr int kDefaultMode = 0644;
constexpr std::int64_t kTokenSeconds = 3600;

std::int64_t fs_group(const corev1::Pod& pod) {
  const auto& security = pod.spec.securityContext;
  return security && security->fsGroup ? *security->fsGroup : -1;
}

const char* kind_folder(const corev1::VolumeSource& source) {
  if (source.emptyDir) return "kubernetes.io~empty-dir";
  if (source.configMap) return "kubernetes.io~configmap";
  if (source.secret) return "kubernetes.io~secret";
  if (source.downwardAPI) return "kubernetes.io~downward-api";
  return "kubernetes.io~projected";
}

// All keys, or those that `items` names under the paths it gives them.
template <class Get, class All>
Status add_keys(const char* kind, std::string_view name, const api::List<corev1::KeyToPath>& items, bool optional, int mode, const Get& get, const All& all,
                Payload& payload) {
  if (items.empty()) return all(payload), Status();
  for (const auto& item : items) {
    const auto value = get(item.key.view());
    if (!value && optional) continue;
    if (!value) return fail(Code::not_found, std::string(kind) + " \"" + std::string(name) + "\": references non-existent " + kind + " key: " + item.key.str());
    payload[item.path.str()] = {*value, item.mode ? *item.mode : mode};
  }
  return {};
}

Status add_config_map(ReferencedObjects& objects, std::string_view namespace_, std::string_view name, const api::List<corev1::KeyToPath>& items,
                      bool optional, int mode, Payload& payload) {
  const auto map = PLUMB_TRY(objects.config_map(namespace_, name));
  if (!map) return optional ? Status() : Status(fail(Code::not_found, "configmap \"" + std::string(name) + "\" not found"));
  const auto get = [&](std::string_view key) -> std::optional<std::string> {
    if (const auto* text = map->data.find(key)) return text->str();
    if (const auto* bytes = map->binaryData.find(key)) return bytes->data.str();
    return std::nullopt;
  };
  const auto all = [&](Payload& to) {
    for (const auto& entry : map->data) to[entry.key.str()] = {entry.value.str(), mode};
    for (const auto& entry : map->binaryData) to[entry.key.str()] = {entry.value.data.str(), mode};
  };
  return add_keys("configmap", name, items, optional, mode, get, all, payload);
}

Status add_secret(ReferencedObjects& objects, std::string_view namespace_, std::string_view name, const api::List<corev1::KeyToPath>& items, bool optional,
                  int mode, Payload& payload) {
  const auto secret = PLUMB_TRY(objects.secret(namespace_, name));
  if (!secret) return optional ? Status() : Status(fail(Code::not_found, "secret \"" + std::string(name) + "\" not found"));
  const auto get = [&](std::string_view key) -> std::optional<std::string> {
    const auto* bytes = secret->data.find(key);
    return bytes ? std::optional(bytes->data.str()) : std::nullopt;
  };
  const auto all = [&](Payload& to) {
    for (const auto& entry : secret->data) to[entry.key.str()] = {entry.value.data.str(), mode};
  };
  return add_keys("secret", name, items, optional, mode, get, all, payload);
}

Status add_downward(const FieldContext& context, const api::List<corev1::DownwardAPIVolumeFile>& items, int mode, Payload& payload) {
  for (const auto& item : items) {
    std::string value;
    if (item.fieldRef) value = PLUMB_TRY(field_value(context, item.fieldRef->fieldPath));
    else if (item.resourceFieldRef) value = PLUMB_TRY(resource_value(context, *item.resourceFieldRef, nullptr));
    payload[item.path.str()] = {std::move(value), item.mode ? *item.mode : mode};
  }
  return {};
}

Status check_host_path(const corev1::HostPathVolumeSource& source) {
  const std::string path = source.path.str(), type = source.type.value_or("").str();
  std::error_code error;
  if (type == "DirectoryOrCreate") {
    fs::create_directories(path, error);
    return fs::is_directory(path, error) ? Status() : Status(fail(Code::invalid_argument, "hostPath type check failed: " + path + " is not a directory"));
  }
  if (type == "FileOrCreate") {
    if (!fs::exists(path, error)) std::ofstream(path).flush();
    return fs::is_regular_file(path, error) ? Status() : Status(fail(Code::invalid_argument, "hostPath type check failed: " + path + " is not a file"));
  }
  const auto status = fs::status(path, error);
  const std::pair<const char*, bool> checks[] = {{"Directory", fs::is_directory(status)}, {"File", fs::is_regular_file(status)}, {"Socket", fs::is_socket(status)},
                                                 {"CharDevice", fs::is_character_file(status)}, {"BlockDevice", fs::is_block_file(status)}};
  for (const auto& [name, holds] : checks)
    if (type == name && !holds) return fail(Code::invalid_argument, "hostPath type check failed: " + path + " is not a " + name);
  return {};
}

// Secrets never reach a disk: what may hold them lies on a memory-backed mount of its own.
bool may_hold_secrets(const corev1::VolumeSource& source) { return source.secret || source.projected || source.downwardAPI; }

bool is_mounted(const std::string& path) {
  struct stat here {}, above {};
  return stat(path.c_str(), &here) == 0 && stat((path + "/..").c_str(), &above) == 0 && here.st_dev != above.st_dev;
}

Status mount_memory(const std::string& path, const std::string& options) {
  if (mount("tmpfs", path.c_str(), "tmpfs", 0, options.c_str()) < 0) return fail_errno("mounting tmpfs on " + path);
  return {};
}

}  // namespace

std::string Volumes::path(const corev1::Pod& pod, const corev1::Volume& volume) const {
  if (volume.volumeSource.hostPath) return volume.volumeSource.hostPath->path.str();
  return pod_dir(pod) + "/volumes/" + kind_folder(volume.volumeSource) + "/" + volume.name.str();
}

Result<std::string> Volumes::mount_source(const corev1::Pod& pod, const corev1::Volume& volume, std::string_view sub_path) const {
  const std::string base = path(pod, volume);
  if (sub_path.empty()) return base;
  const fs::path relative{std::string(sub_path)};
  bool outside = relative.is_absolute();
  for (const auto& part : relative) outside |= part == "..";
  if (outside) return fail(Code::invalid_argument, "subPath \"" + std::string(sub_path) + "\" must be below the volume");
  std::error_code error;
  const fs::path wanted = fs::path(base) / relative;
  if (!fs::exists(wanted, error)) fs::create_directories(wanted, error);
  const fs::path real = fs::canonical(wanted, error), root = fs::canonical(base, error);
  if (error) return fail(Code::internal, "finding subPath " + wanted.string() + ": " + error.message());
  const auto [end, ignored] = std::mismatch(root.begin(), root.end(), real.begin(), real.end());
  if (end != root.end()) return fail(Code::permission_denied, "subPath \"" + std::string(sub_path) + "\" leads out of the volume");
  return real.string();
}

Status Volumes::set_up(const FieldContext& context) {
  for (const auto& volume : context.pod.spec.volumes) PLUMB_TRY(set_up_one(context, volume, false));
  return {};
}

Status Volumes::refresh(const FieldContext& context) {
  for (const auto& volume : context.pod.spec.volumes) PLUMB_TRY(set_up_one(context, volume, true));
  return {};
}

Status Volumes::set_up_one(const FieldContext& context, const corev1::Volume& volume, bool only_refresh) {
  const auto& source = volume.volumeSource;
  const auto named = [&](Error error) { return std::move(error).in("MountVolume.SetUp failed for volume \"" + volume.name.str() + "\" "); };
  const std::string where = path(context.pod, volume);
  Status done;
  if (source.hostPath) {
    if (!only_refresh) done = check_host_path(*source.hostPath);
  } else if (source.emptyDir) {
    if (!only_refresh) done = make_empty_dir(context, volume, where);
  } else if (source.configMap || source.secret || source.downwardAPI || source.projected) {
    const bool in_memory = may_hold_secrets(source);
    if (in_memory && only_refresh && !is_mounted(where)) return {};  // torn down meanwhile
    auto content = payload(context, volume);
    if (!content.ok()) return named(content.error());
    std::error_code error;
    fs::create_directories(where, error);
    if (in_memory && !is_mounted(where))
      if (const Status mounted = mount_memory(where, "mode=0777"); !mounted.ok()) return named(mounted.error());
    if (const auto written = write_atomically(where, *content, fs_group(context.pod)); !written.ok()) done = written.error();
  } else {
    done = fail(Code::unsupported, "this kubelet has no volumes of this type");
  }
  if (!done.ok()) return named(done.error());
  return {};
}

Status Volumes::make_empty_dir(const FieldContext& context, const corev1::Volume& volume, const std::string& path) {
  const auto& source = *volume.volumeSource.emptyDir;
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return fail(Code::internal, "making " + path + ": " + error.message());
  if (source.medium == "Memory" && !is_mounted(path)) {
    std::string options;
    if (source.sizeLimit) {
      const auto limit = api::Quantity::parse(source.sizeLimit.text);
      if (limit.ok() && limit->sign() > 0) options = "size=" + std::to_string(limit->value());
    }
    PLUMB_TRY(mount_memory(path, options));
  }
  const auto group = fs_group(context.pod);
  const mode_t mode = group >= 0 ? 02777 : 0777;
  if (group >= 0 && chown(path.c_str(), static_cast<uid_t>(-1), static_cast<gid_t>(group)) < 0) return fail_errno("giving " + path + " to its group");
  if (chmod(path.c_str(), mode) < 0) return fail_errno("changing the mode of " + path);
  return {};
}

Result<Payload> Volumes::payload(const FieldContext& context, const corev1::Volume& volume) {
  const auto& source = volume.volumeSource;
  const std::string_view namespace_ = context.pod.metadata.namespace_;
  Payload payload;
  if (source.configMap) {
    const auto& from = *source.configMap;
    PLUMB_TRY(add_config_map(objects_, namespace_, from.localObjectReference.name, from.items, from.optional.value_or(false),
                             from.defaultMode.value_or(kDefaultMode), payload));
  } else if (source.secret) {
    const auto& from = *source.secret;
    PLUMB_TRY(add_secret(objects_, namespace_, from.secretName, from.items, from.optional.value_or(false), from.defaultMode.value_or(kDefaultMode), payload));
  } else if (source.downwardAPI) {
    PLUMB_TRY(add_downward(context, source.downwardAPI->items, source.downwardAPI->defaultMode.value_or(kDefaultMode), payload));
  } else {
    for (const auto& part : source.projected->sources)
      PLUMB_TRY(add_projection(context, part, source.projected->defaultMode.value_or(kDefaultMode), payload));
  }
  if (fs_group(context.pod) >= 0)
    for (auto& [path, content] : payload) content.mode |= 0040;
  return payload;
}

Status Volumes::add_projection(const FieldContext& context, const corev1::VolumeProjection& part, int mode, Payload& payload) {
  const std::string_view namespace_ = context.pod.metadata.namespace_;
  if (part.configMap)
    PLUMB_TRY(add_config_map(objects_, namespace_, part.configMap->localObjectReference.name, part.configMap->items, part.configMap->optional.value_or(false),
                             mode, payload));
  if (part.secret)
    PLUMB_TRY(add_secret(objects_, namespace_, part.secret->localObjectReference.name, part.secret->items, part.secret->optional.value_or(false), mode, payload));
  if (part.downwardAPI) PLUMB_TRY(add_downward(context, part.downwardAPI->items, mode, payload));
  if (part.serviceAccountToken) {
    const auto& from = *part.serviceAccountToken;
    auto token = PLUMB_TRY(objects_.token(context.pod, from.audience, from.expirationSeconds.value_or(kTokenSeconds)));
    payload[from.path.str()] = {std::move(token), mode};
  }
  if (part.clusterTrustBundle || part.podCertificate) return fail(Code::unsupported, "this kubelet projects no trust bundles and certificates");
  return {};
}

Status Volumes::tear_down(const corev1::Pod& pod) {
  const std::string volumes = pod_dir(pod) + "/volumes";
  std::error_code error;
  for (const auto& kind : fs::directory_iterator(volumes, error))
    for (const auto& entry : fs::directory_iterator(kind.path(), error)) {
      const std::string path = entry.path().string();
      if (is_mounted(path) && umount2(path.c_str(), MNT_DETACH) < 0) return fail_errno("unmounting " + path);
    }
  fs::remove_all(volumes, error);
  if (error) return fail(Code::internal, "removing " + volumes + ": " + error.message());
  return {};
}

}  // namespace plumb::kubelet
