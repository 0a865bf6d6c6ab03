#include "reference/scheduler/object_events.h"

#include "reference/api/types/corev1.h"
#include "reference/api/types/storagev1.h"

namespace plumb::scheduler {

Events events_of(const api::TypeInfo& type) {
  const std::pair<const api::TypeInfo*, Events> known[] = {
      {&corev1::PersistentVolume::info(), event::volume},
      {&corev1::PersistentVolumeClaim::info(), event::volume_claim},
      {&storagev1::StorageClass::info(), event::storage_class},
      {&storagev1::CSINode::info(), event::csi_node},
      {&storagev1::CSIDriver::info(), event::csi_driver},
      {&storagev1::CSIStorageCapacity::info(), event::storage_capacity},
      {&storagev1::VolumeAttachment::info(), event::volume_attachment},
  };
  for (const auto& [of, events] : known)
    if (of == &type) return events;
  return 0;
}

}  // namespace plumb::scheduler
