// The caches of what pods' volumes depend on, for plugins that ask about claims.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/types/corev1.h"
#include "reference/api/types/storagev1.h"
#include "reference/informer/store.h"
#include "reference/resources/persistentvolumeclaims/pod_claims.h"
#include "reference/scheduler/framework.h"

namespace plumb::scheduler {

using ClaimPtr = std::shared_ptr<const corev1::PersistentVolumeClaim>;
using VolumePtr = std::shared_ptr<const corev1::PersistentVolume>;
using ClassPtr = std::shared_ptr<const storagev1::StorageClass>;

// `persistentvolumeclaim "a" not found`
std::string not_found(std::string_view kind, std::string_view name);
// A class whose volumes are chosen or made where the pod goes.
bool waits_for_consumer(const storagev1::StorageClass& storage_class);
// Whether the volume can be used on the node: it names no nodes, or such a one.
bool is_reachable(const corev1::PersistentVolume& volume, const corev1::Node& node);

class StorageCaches {
 public:
  // Without caches (a scheduler of nodes and pods alone) nothing is ever found.
  void attach(const Handle& handle);
  explicit operator bool() const { return there_; }

  ClaimPtr claim(std::string_view namespace_, std::string_view name) const { return there_ ? claims_.get(namespace_, name) : nullptr; }
  VolumePtr volume(std::string_view name) const { return there_ ? volumes_.get(name) : nullptr; }
  std::vector<VolumePtr> volumes_of_class(std::string_view name) const;
  ClassPtr storage_class(std::string_view name) const { return there_ ? classes_.get(name) : nullptr; }
  std::shared_ptr<const storagev1::CSINode> csi_node(std::string_view name) const { return there_ ? csi_nodes_.get(name) : nullptr; }
  std::shared_ptr<const storagev1::CSIDriver> driver(std::string_view name) const { return there_ ? drivers_.get(name) : nullptr; }
  std::vector<std::shared_ptr<const storagev1::CSIStorageCapacity>> capacities(std::string_view storage_class) const;
  std::vector<std::shared_ptr<const storagev1::VolumeAttachment>> attachments(std::string_view node) const;

 private:
  bool there_ = false;
  informer::Lister<corev1::PersistentVolumeClaim> claims_;
  informer::Lister<corev1::PersistentVolume> volumes_;
  informer::Lister<storagev1::StorageClass> classes_;
  informer::Lister<storagev1::CSINode> csi_nodes_;
  informer::Lister<storagev1::CSIDriver> drivers_;
  informer::Lister<storagev1::CSIStorageCapacity> capacities_;
  informer::Lister<storagev1::VolumeAttachment> attachments_;
};

}  // namespace plumb::scheduler
