// For tests of volumes: one pod, "p" in "ns" with UID "u" on node "n", a cluster in memory, and mounts that are only noted down.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "reference/informer/fake_client.h"
#include "reference/kubelet/volumes/volumes.h"

namespace plumb::kubelet {

class FakeMounter final : public Mounter {
 public:
  // What was done: "bind /data on …", "nfs server:/x on … (ro)", "unmount …".
  struct Record {
    std::vector<MountPoint> mounts;
    std::vector<std::string> log;
    std::string fail_mount, stuck;  // an error for every mount; a path that stays mounted whatever unmount() says
  };
  explicit FakeMounter(Record& record) : record_(record) {}

  Status bind(const std::string& source, const std::string& target, bool read_only) override {
    return add("bind " + source + " on " + target + (read_only ? " (ro)" : ""), target, "ext4");
  }
  Status mount_memory(const std::string& target, const std::string& options) override {
    return add("memory on " + target + (options.empty() ? "" : " (" + options + ")"), target, "tmpfs");
  }
  Status mount(const std::string& type, const std::string& source, const std::string& target, const std::vector<std::string>& options) override {
    std::string words;
    for (const auto& option : options) words += (words.empty() ? "" : ",") + option;
    return add(type + " " + source + " on " + target + (words.empty() ? "" : " (" + words + ")"), target, type);
  }
  Status mount_device(const std::string& device, const std::string& target, const std::string& type, const std::vector<std::string>& options) override {
    return mount(type, device, target, options);
  }
  Status unmount(const MountPoint& at) override {
    record_.log.push_back("unmount " + at.path);
    if (at.path != record_.stuck) std::erase(record_.mounts, at);
    return {};
  }
  Result<bool> is_mount_point(const std::string& path) override {
    return std::any_of(record_.mounts.begin(), record_.mounts.end(), [&](const MountPoint& mount) { return mount.path == path; });
  }
  Result<std::vector<MountPoint>> mounts_below(const std::string& path) override {
    std::vector<MountPoint> below;
    for (const auto& mount : record_.mounts)
      if (mount.path == path || mount.path.starts_with(path + "/")) below.insert(below.begin(), mount);
    return below;
  }

 private:
  Status add(std::string what, const std::string& target, std::string type) {
    record_.log.push_back(std::move(what));
    if (!record_.fail_mount.empty()) return fail(Code::internal, record_.fail_mount);
    record_.mounts.push_back({target, std::move(type)});
    return {};
  }
  Record& record_;
};

struct VolumesOfPod {
  VolumesOfPod(std::string folder, std::unique_ptr<Mounter> mounter)
      : dir(std::move(folder)), pods_dir(dir + "/pods"), objects(std::make_unique<ReferencedObjects>(client, clock, [] {})),
        volumes(std::make_unique<Volumes>(pods_dir, *objects, std::move(mounter))) {
    pod.metadata.name = "p";
    pod.metadata.namespace_ = "ns";
    pod.metadata.uid = "u";
    pod.spec.nodeName = "n";
    pod.spec.containers.emplace_back().name = "main";
    auto node = std::make_shared<corev1::Node>();
    node->metadata.name = "n";
    node->metadata.labels.set("kubernetes.io/hostname", "n");
    client.add(node);
  }

  FieldContext context() const { return {pod, "192.0.2.1", {}}; }
  // "" or the error.
  std::string set_up() {
    const Status done = volumes->set_up(context());
    return done.ok() ? "" : done.error().message;
  }
  corev1::VolumeSource& add_volume(const std::string& name) {
    auto& volume = pod.spec.volumes.emplace_back();
    volume.name = name;
    return volume.volumeSource;
  }
  // Claim "c-<name>" bound to volume "pv-<name>", used by the pod as <name>. `edit` may spoil either before they are stored.
  using Edit = std::function<void(corev1::PersistentVolumeClaim&, corev1::PersistentVolume&)>;
  corev1::Volume& add_claim(const std::string& name, const Edit& edit) {
    auto claim = std::make_shared<corev1::PersistentVolumeClaim>();
    claim->metadata.name = "c-" + name;
    claim->metadata.namespace_ = "ns";
    claim->metadata.uid = "uid-" + name;
    claim->spec.volumeName = "pv-" + name;
    claim->status.phase = "Bound";
    auto volume = std::make_shared<corev1::PersistentVolume>();
    volume->metadata.name = "pv-" + name;
    auto& reference = volume->spec.claimRef.ensure();
    reference.namespace_ = "ns";
    reference.name = claim->metadata.name;
    reference.uid = claim->metadata.uid;
    edit(*claim, *volume);
    client.add(claim);
    client.add(volume);
    add_volume(name).persistentVolumeClaim.ensure().claimName = "c-" + name;
    return pod.spec.volumes.back();
  }
  corev1::Volume& add_local_volume(const std::string& name, const std::string& path) {
    return add_claim(name, [&](auto&, corev1::PersistentVolume& volume) { volume.spec.persistentVolumeSource.local.ensure().path = path; });
  }
  Result<Volumes::Source> source(const std::string& name, const std::string& sub_path = "") {
    const auto volume = std::find_if(pod.spec.volumes.begin(), pod.spec.volumes.end(), [&](const auto& item) { return item.name == name; });
    return volumes->source(pod, pod.spec.containers[0], *volume, std::hash<std::string>()(sub_path) % 1000, sub_path);
  }

  VirtualClock clock;
  informer::FakeClient client{clock};
  std::string dir, pods_dir;
  corev1::Pod pod;
  std::unique_ptr<ReferencedObjects> objects;
  std::unique_ptr<Volumes> volumes;
};

}  // namespace plumb::kubelet
