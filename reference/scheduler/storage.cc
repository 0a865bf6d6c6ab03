#include "reference/scheduler/storage.h"

#include <algorithm>

#include "reference/informer/informer.h"
#include "reference/resources/storageclasses/claim_class.h"
#include "reference/scheduler/node_selection.h"

namespace plumb::scheduler {
namespace {

constexpr std::string_view volumes_by_class = "class", capacities_by_class = "class", attachments_by_node = "node";

template <class T>
informer::Lister<T> lister(const Handle& handle, std::string_view index = {}, informer::IndexFunction function = nullptr) {
  informer::Informer& source = handle.informer(informer::resource_of<T>());
  if (function) source.add_index(index, std::move(function));
  return source.template lister<T>();
}

}  // namespace

std::string not_found(std::string_view kind, std::string_view name) { return std::string(kind) + " \"" + std::string(name) + "\" not found"; }

bool waits_for_consumer(const storagev1::StorageClass& storage_class) {
  return storage_class.volumeBindingMode && *storage_class.volumeBindingMode == storagev1::VolumeBindingWaitForFirstConsumer;
}

bool is_reachable(const corev1::PersistentVolume& volume, const corev1::Node& node) {
  const auto& affinity = volume.spec.nodeAffinity;
  if (!affinity || !affinity->required) return true;
  const auto& terms = affinity->required->nodeSelectorTerms;
  return std::any_of(terms.begin(), terms.end(), [&](const corev1::NodeSelectorTerm& term) { return matches(term, node); });
}

void StorageCaches::attach(const Handle& handle) {
  if (!handle.informer) return;
  there_ = true;
  claims_ = lister<corev1::PersistentVolumeClaim>(handle);
  volumes_ = lister<corev1::PersistentVolume>(handle, volumes_by_class, [](const api::Object& object, std::vector<std::string>& values) {
    values.emplace_back(resources::class_of(static_cast<const corev1::PersistentVolume&>(object)));
  });
  classes_ = lister<storagev1::StorageClass>(handle);
  csi_nodes_ = lister<storagev1::CSINode>(handle);
  drivers_ = lister<storagev1::CSIDriver>(handle);
  capacities_ = lister<storagev1::CSIStorageCapacity>(handle, capacities_by_class, [](const api::Object& object, std::vector<std::string>& values) {
    values.push_back(static_cast<const storagev1::CSIStorageCapacity&>(object).storageClassName.str());
  });
  attachments_ = lister<storagev1::VolumeAttachment>(handle, attachments_by_node, [](const api::Object& object, std::vector<std::string>& values) {
    values.push_back(static_cast<const storagev1::VolumeAttachment&>(object).spec.nodeName.str());
  });
}

std::vector<VolumePtr> StorageCaches::volumes_of_class(std::string_view name) const {
  return there_ ? volumes_.by_index(volumes_by_class, name) : std::vector<VolumePtr>();
}
std::vector<std::shared_ptr<const storagev1::CSIStorageCapacity>> StorageCaches::capacities(std::string_view storage_class) const {
  if (!there_) return {};
  return capacities_.by_index(capacities_by_class, storage_class);
}
std::vector<std::shared_ptr<const storagev1::VolumeAttachment>> StorageCaches::attachments(std::string_view node) const {
  if (!there_) return {};
  return attachments_.by_index(attachments_by_node, node);
}

}  // namespace plumb::scheduler
