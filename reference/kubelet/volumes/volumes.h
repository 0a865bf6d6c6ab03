// The volumes of pods on this machine: what each one is (by its claim, if it has one), which plugin makes it, where it lies. Safe from any thread;
// calls block, and calls for one pod wait for each other.
//
// What a volume by a claim holds is never removed here: its mount is undone, the mount table is asked whether it is, and then the empty folder goes.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reference/kubelet/volumes/plugin.h"

namespace plumb::kubelet {

class Volumes {
 public:
  Volumes(std::string pods_dir, ReferencedObjects& objects, std::unique_ptr<Mounter> mounter = system_mounter());

  // All that can be set up is; the error is the first volume's that cannot, as upstream's event FailedMount tells it.
  Status set_up(const FieldContext& context);
  // Brings what follows from objects up to date, of a pod that is set up; nothing otherwise.
  Status refresh(const FieldContext& context);
  // Also of a pod that is known by its UID alone.
  Status tear_down(const corev1::Pod& pod);
  // After tear_down(): the pod's folder. What tear_down() had to leave stays.
  void remove(const corev1::Pod& pod);
  // UIDs of the pods that have a folder here.
  std::vector<std::string> pods_on_disk() const;

  struct Source {
    std::string path;
    bool read_only = false;  // whatever the mount says
  };
  // A volume of a pod that is set up. With `sub_path` a part of it, for mount `number` of the container; never outside of the volume.
  Result<Source> source(const corev1::Pod& pod, const corev1::Container& container, const corev1::Volume& volume, std::size_t number, const std::string& sub_path);
  // The device of a volume that is one.
  Result<Source> device(const corev1::Pod& pod, const corev1::Volume& volume);
  std::string pod_dir(const corev1::Pod& pod) const { return pods_dir_ + "/" + pod.metadata.uid.str(); }

 private:
  struct Made {
    const VolumePlugin* plugin = nullptr;
    std::shared_ptr<const corev1::PersistentVolumeClaim> claim;
    std::shared_ptr<const corev1::PersistentVolume> persistent;
    Source source;
    bool is_block = false;
  };
  struct Entry {
    std::mutex mutex;  // held while anything is done to the pod's volumes: for nobody else, and refresh() must not make again what tear_down() takes away
    std::map<std::string, Made, std::less<>> made;
    bool gone = false;
  };
  struct Failures {
    std::optional<Error> first;
    std::vector<std::string> unmounted, unprocessed;
  };
  std::shared_ptr<Entry> entry(const corev1::Pod& pod, bool make);
  void set_up_one(const FieldContext& context, const corev1::Volume& volume, Entry& entry, Failures& failures);
  Status make(const FieldContext& context, const VolumeSpec& spec, Made& made);
  // Notes that the pod uses the volume; an error when another pod does and it is one pod's at a time.
  Status take(const corev1::Pod& pod, const corev1::PersistentVolume& volume);
  Result<Made> find(const corev1::Pod& pod, const corev1::Volume& volume);
  Status tear_down_folders(const std::string& pod_dir);

  const std::string pods_dir_;
  ReferencedObjects& objects_;
  const std::unique_ptr<Mounter> mounter_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;       // by UID; under mutex_
  std::map<std::string, std::set<std::string>> users_;          // UIDs by persistent volume; under mutex_
};

}  // namespace plumb::kubelet
