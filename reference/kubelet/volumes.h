// Volumes of pods on this machine: emptyDir, hostPath, configMap, secret, downwardAPI, projected. They lie where upstream has them:
// <root>/pods/<uid>/volumes/kubernetes.io~<kind>/<name>. What may hold secrets lies in memory: every secret, projected and downwardAPI
// volume is a tmpfs of its own, unmounted by tear_down(). Calls block; one pod at a time is the caller's care.
#pragma once

#include <string>

#include "reference/kubelet/atomic_writer.h"
#include "reference/kubelet/environment.h"

namespace plumb::kubelet {

class Volumes {
 public:
  Volumes(std::string pods_dir, ReferencedObjects& objects) : pods_dir_(std::move(pods_dir)), objects_(objects) {}

  Status set_up(const FieldContext& context);
  // Brings what follows from objects up to date: configMap, secret, downwardAPI, projected.
  Status refresh(const FieldContext& context);
  Status tear_down(const corev1::Pod& pod);

  // Where a volume of the pod is on this machine.
  std::string path(const corev1::Pod& pod, const corev1::Volume& volume) const;
  // The same for a mount with a path inside the volume, made when it is missing; never outside of the volume.
  Result<std::string> mount_source(const corev1::Pod& pod, const corev1::Volume& volume, std::string_view sub_path) const;
  std::string pod_dir(const corev1::Pod& pod) const { return pods_dir_ + "/" + pod.metadata.uid.str(); }

 private:
  Status set_up_one(const FieldContext& context, const corev1::Volume& volume, bool only_refresh);
  Status make_empty_dir(const FieldContext& context, const corev1::Volume& volume, const std::string& path);
  Result<Payload> payload(const FieldContext& context, const corev1::Volume& volume);
  Status add_projection(const FieldContext& context, const corev1::VolumeProjection& part, int mode, Payload& payload);

  const std::string pods_dir_;
  ReferencedObjects& objects_;
};

}  // namespace plumb::kubelet
