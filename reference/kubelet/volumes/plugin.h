// A type of volume. One file a type, which registers it; the walk over a pod's volumes (volumes.h) finds it by what it supports.
//
// Volumes lie where upstream has them: <root>/pods/<uid>/volumes/<plugin's name, "/" as "~">/<volume>. All calls may block; for one pod they are
// made one at a time. They are idempotent: a kubelet that starts again sets up what is set up.
#pragma once

#include <memory>
#include <string>

#include "harness/base/registry.h"
#include "reference/kubelet/environment.h"
#include "reference/kubelet/volumes/mounter.h"

namespace plumb::kubelet {

struct VolumeSpec {
  const corev1::Volume& volume;
  // Of a volume by a claim, which are bound to each other; else both are nullptr.
  std::shared_ptr<const corev1::PersistentVolumeClaim> claim = nullptr;
  std::shared_ptr<const corev1::PersistentVolume> persistent = nullptr;

  // By which messages and folders know it: the persistent volume's, or that in the pod.
  std::string name() const { return persistent ? persistent->metadata.name.str() : volume.name.str(); }
  // The claim's side of it: `readOnly` where the pod names the claim.
  bool claimed_read_only() const { return volume.volumeSource.persistentVolumeClaim && volume.volumeSource.persistentVolumeClaim->readOnly; }
  bool is_block() const { return persistent && persistent->spec.volumeMode.value_or("").view() == "Block"; }
};

struct VolumeTools {
  ReferencedObjects& objects;
  Mounter& mounter;
};

class VolumePlugin {
 public:
  virtual ~VolumePlugin() = default;

  virtual std::string_view name() const = 0;  // upstream's: "kubernetes.io/empty-dir"
  // Exactly one plugin supports a volume.
  virtual bool supports(const VolumeSpec& spec) const = 0;
  virtual bool supports_block() const { return false; }
  // Where containers find it; `folder` is the volume's own below the pod's.
  virtual std::string path(const VolumeSpec&, const std::string& folder) const { return folder; }
  // Whether containers may never write, whatever their mounts say.
  virtual bool read_only(const VolumeSpec& spec) const { return spec.claimed_read_only(); }

  virtual Status set_up(const VolumeSpec& spec, const FieldContext& context, const std::string& path, VolumeTools& tools) const = 0;
  // Brings what follows from objects up to date. The volume is set up.
  virtual Status refresh(const VolumeSpec&, const FieldContext&, const std::string&, VolumeTools&) const { return {}; }
  // Takes the volume's folder away. What is mounted is not the pod's: this unmounts, and removes the folder if nothing is in it then. Must do with
  // what lies on the disk: the pod may be known by its folder alone.
  virtual Status tear_down(const std::string& folder, VolumeTools& tools) const;
};

// A volume whose content is the pod's own and goes with it.
class EphemeralVolumePlugin : public VolumePlugin {
 public:
  Status tear_down(const std::string& folder, VolumeTools& tools) const override;
};

// "kubernetes.io~empty-dir"
std::string folder_name(std::string_view plugin);
// For a folder of volumes: nullptr when this kubelet has no such plugin.
const VolumePlugin* plugin_of_folder(std::string_view folder_name);
const VolumePlugin* plugin_for(const VolumeSpec& spec);

// Negative when the pod asks for none.
std::int64_t fs_group(const corev1::Pod& pod);
// As fsGroup and fsGroupChangePolicy of the pod ask for; nothing without fsGroup.
Status own_by_fs_group(const corev1::Pod& pod, const std::string& path, bool read_only);
// Makes a folder for something to be mounted on.
Status make_mount_target(const std::string& path);
// Removes it, unless something is in it, which then is left and told of in the log; what is not there is a success.
Status remove_mount_target(const std::string& path);
// Whether it is set up already; else calls `mount` on a new folder, which goes again when that fails.
Status mount_once(Mounter& mounter, const std::string& path, const std::function<Status()>& mount);

}  // namespace plumb::kubelet
