#include "reference/kubelet/volumes/volumes.h"

#include <unistd.h>

#include <filesystem>

#include "harness/base/log.h"
#include "reference/kubelet/volumes/beneath.h"
#include "reference/kubelet/volumes/claims.h"
#include "reference/kubelet/volumes/sub_paths.h"

namespace plumb::kubelet {
namespace {

namespace fs = std::filesystem;

std::string in_brackets(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : " ") + name;
  return "[" + text + "]";
}

Error named(const Error& error, const char* operation, const VolumeSpec& spec) {
  return error.in(std::string(operation) + " for volume \"" + spec.name() + "\" ");
}

// For a type of volume that this kubelet no longer knows: as for one whose content is not the pod's.
class UnknownVolume final : public VolumePlugin {
 public:
  std::string_view name() const override { return ""; }
  bool supports(const VolumeSpec&) const override { return false; }
  Status set_up(const VolumeSpec&, const FieldContext&, const std::string&, VolumeTools&) const override { return {}; }
};

}  // namespace

Volumes::Volumes(std::string pods_dir, ReferencedObjects& objects, std::unique_ptr<Mounter> mounter)
    : pods_dir_(std::move(pods_dir)), objects_(objects), mounter_(std::move(mounter)) {}

std::shared_ptr<Volumes::Entry> Volumes::entry(const corev1::Pod& pod, bool make) {
  std::lock_guard lock(mutex_);
  const std::string uid = pod.metadata.uid.str();
  if (!make) {
    const auto found = entries_.find(uid);
    return found == entries_.end() ? nullptr : found->second;
  }
  auto& entry = entries_[uid];
  if (!entry) entry = std::make_shared<Entry>();
  return entry;
}

Status Volumes::set_up(const FieldContext& context) {
  const auto entry = this->entry(context.pod, true);
  std::lock_guard lock(entry->mutex);
  if (entry->gone) return fail(Code::cancelled, "the volumes of the pod are being torn down");
  Failures failures;
  for (const auto& volume : context.pod.spec.volumes) set_up_one(context, volume, *entry, failures);
  if (!failures.first) return {};
  if (failures.unprocessed.empty()) return *failures.first;
  return failures.first->in("Unable to attach or mount volumes: unmounted volumes=" + in_brackets(failures.unmounted) +
                            ", unattached volumes=[], failed to process volumes=" + in_brackets(failures.unprocessed));
}

void Volumes::set_up_one(const FieldContext& context, const corev1::Volume& volume, Entry& entry, Failures& failures) {
  const std::string name = volume.name.str();
  const auto failed = [&](const Error& error, bool unprocessed) {
    failures.unmounted.push_back(name);
    // The message is about what could not even be tried, if there is such a volume.
    if (!failures.first || (unprocessed && failures.unprocessed.empty())) failures.first = error;
    if (unprocessed) failures.unprocessed.push_back(name);
  };
  auto spec = resolve(context.pod, volume, objects_);
  if (!spec.ok()) return failed(spec.error(), true);
  if (const Status right = check_mode(context.pod, *spec); !right.ok()) return failed(right.error(), true);
  Made made;
  made.plugin = plugin_for(*spec);
  if (!made.plugin || (spec->is_block() && !made.plugin->supports_block()))
    return failed(fail(Code::unsupported, "failed to get Plugin from volumeSpec for volume \"" + name + "\" err=no volume plugin matched"), true);
  if (const Status done = make(context, *spec, made); !done.ok()) return failed(done.error(), false);
  entry.made[name] = std::move(made);
}

Status Volumes::make(const FieldContext& context, const VolumeSpec& spec, Made& made) {
  const std::string folder = pod_dir(context.pod) + "/volumes/" + folder_name(made.plugin->name()) + "/" + spec.name();
  made.claim = spec.claim;
  made.persistent = spec.persistent;
  made.is_block = spec.is_block();
  made.source = {made.plugin->path(spec, folder), made.plugin->read_only(spec)};
  const char* prefix = made.is_block ? "MapVolume" : "MountVolume";
  if (const Status reachable = check_node(context.pod, spec, objects_); !reachable.ok())
    return named(reachable.error(), (std::string(prefix) + ".NodeAffinity check failed").c_str(), spec);
  if (spec.persistent)
    if (const Status free = take(context.pod, *spec.persistent); !free.ok()) return named(free.error(), (std::string(prefix) + ".SetUp failed").c_str(), spec);
  VolumeTools tools{objects_, *mounter_};
  if (const Status done = made.plugin->set_up(spec, context, made.source.path, tools); !done.ok())
    return named(done.error(), (std::string(prefix) + (made.is_block ? ".SetUpDevice failed" : ".SetUp failed")).c_str(), spec);
  return {};
}

Status Volumes::take(const corev1::Pod& pod, const corev1::PersistentVolume& volume) {
  const auto& modes = volume.spec.accessModes;
  const bool one_pod = modes.size() == 1 && modes[0] == "ReadWriteOncePod";
  const std::string uid = pod.metadata.uid.str();
  std::lock_guard lock(mutex_);
  auto& users = users_[volume.metadata.name.str()];
  if (one_pod && !users.empty() && !users.contains(uid))
    return fail(Code::conflict, "volume uses the ReadWriteOncePod access mode and is already in use by another pod");
  users.insert(uid);
  return {};
}

Status Volumes::refresh(const FieldContext& context) {
  const auto entry = this->entry(context.pod, false);
  if (!entry) return {};
  std::lock_guard lock(entry->mutex);
  if (entry->gone) return {};
  VolumeTools tools{objects_, *mounter_};
  for (const auto& volume : context.pod.spec.volumes) {
    const auto found = entry->made.find(volume.name.view());
    if (found == entry->made.end()) continue;
    const Made& made = found->second;
    const VolumeSpec spec{volume, made.claim, made.persistent};
    if (const Status done = made.plugin->refresh(spec, context, made.source.path, tools); !done.ok()) return named(done.error(), "MountVolume.SetUp failed", spec);
  }
  return {};
}

Status Volumes::tear_down(const corev1::Pod& pod) {
  const auto entry = this->entry(pod, true);
  {
    std::lock_guard lock(entry->mutex);
    entry->gone = true;
    PLUMB_TRY(tear_down_sub_paths(pod_dir(pod), *mounter_));
    PLUMB_TRY(tear_down_folders(pod_dir(pod)));
  }
  std::lock_guard lock(mutex_);
  const std::string uid = pod.metadata.uid.str();
  entries_.erase(uid);
  for (auto& [volume, users] : users_) users.erase(uid);
  std::erase_if(users_, [](const auto& entry) { return entry.second.empty(); });
  return {};
}

Status Volumes::tear_down_folders(const std::string& pod_dir) {
  static const UnknownVolume unknown;
  const std::string volumes = pod_dir + "/volumes";
  VolumeTools tools{objects_, *mounter_};
  std::error_code error;
  for (const auto& type : fs::directory_iterator(volumes, error)) {
    const auto* plugin = plugin_of_folder(type.path().filename().string());
    for (const auto& volume : fs::directory_iterator(type.path(), error)) PLUMB_TRY((plugin ? *plugin : unknown).tear_down(volume.path().string(), tools));
    PLUMB_TRY(remove_mount_target(type.path().string()));
  }
  return remove_mount_target(volumes);
}

void Volumes::remove(const corev1::Pod& pod) {
  const std::string dir = pod_dir(pod);
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(dir, error)) {
    const std::string name = entry.path().filename().string();
    if (name == "volumes" || name == "volume-subpaths") continue;
    if (const Status done = remove_folder(entry.path().string()); !done.ok()) log::warning("kubelet", done.error().message);
  }
  if (const Status done = remove_mount_target(dir); !done.ok()) log::warning("kubelet", done.error().message);
}

std::vector<std::string> Volumes::pods_on_disk() const {
  std::vector<std::string> uids;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(pods_dir_, error)) uids.push_back(entry.path().filename().string());
  return uids;
}

Result<Volumes::Made> Volumes::find(const corev1::Pod& pod, const corev1::Volume& volume) {
  if (const auto entry = this->entry(pod, false)) {
    std::lock_guard lock(entry->mutex);
    const auto found = entry->made.find(volume.name.view());
    if (found != entry->made.end() && !entry->gone) return found->second;
  }
  return fail(Code::unavailable, "volume \"" + volume.name.str() + "\" of the pod is not set up");
}

Result<Volumes::Source> Volumes::source(const corev1::Pod& pod, const corev1::Container& container, const corev1::Volume& volume, std::size_t number,
                                        const std::string& sub_path) {
  const Made made = PLUMB_TRY(find(pod, volume));
  if (sub_path.empty()) return made.source;
  const SubPath wanted{pod_dir(pod), volume.name.str(), container.name.str(), number, made.source.path, sub_path, made.source.read_only};
  auto path = PLUMB_TRY(set_up_sub_path(wanted, *mounter_));
  return Source{std::move(path), made.source.read_only};
}

Result<Volumes::Source> Volumes::device(const corev1::Pod& pod, const corev1::Volume& volume) {
  const Made made = PLUMB_TRY(find(pod, volume));
  if (!made.is_block) return fail(Code::invalid_argument, "volume \"" + volume.name.str() + "\" is no device");
  return made.source;
}

}  // namespace plumb::kubelet
