// Short ways to write claims, volumes and classes, and a plugin with caches of them, for tests.
#pragma once

#include "reference/api/codec/json.h"
#include "reference/informer/fake_client.h"
#include "reference/informer/informer.h"
#include "reference/scheduler/storage.h"
#include "reference/scheduler/testing.h"

namespace plumb::scheduler::testing {

struct MakeClaim {
  std::shared_ptr<corev1::PersistentVolumeClaim> claim = std::make_shared<corev1::PersistentVolumeClaim>();

  explicit MakeClaim(std::string_view name, std::string_view storage_class = "later", std::string_view size = "1Gi") {
    claim->metadata.namespace_ = "default";
    claim->metadata.name = name;
    claim->metadata.uid = "uid-" + std::string(name);
    claim->spec.accessModes.push_back(corev1::ReadWriteOnce);
    claim->spec.storageClassName = api::Opt<api::Str>(storage_class);
    claim->spec.resources.requests.set("storage", api::QuantityText(size));
    claim->status.phase = corev1::ClaimPending;
  }
  MakeClaim& bound_to(std::string_view volume) {
    claim->spec.volumeName = volume;
    claim->metadata.annotations.set("pv.kubernetes.io/bind-completed", "yes");
    claim->status.phase = corev1::ClaimBound;
    return *this;
  }
  MakeClaim& annotate(std::string_view key, std::string_view value) { return claim->metadata.annotations.set(key, value), *this; }
  MakeClaim& exclusive() { return claim->spec.accessModes.front() = corev1::ReadWriteOncePod, *this; }
};

struct MakeVolume {
  std::shared_ptr<corev1::PersistentVolume> volume = std::make_shared<corev1::PersistentVolume>();

  explicit MakeVolume(std::string_view name, std::string_view storage_class = "later", std::string_view size = "1Gi") {
    volume->metadata.name = name;
    volume->spec.capacity.set("storage", api::QuantityText(size));
    volume->spec.accessModes.push_back(corev1::ReadWriteOnce);
    volume->spec.storageClassName = storage_class;
    volume->status.phase = corev1::VolumeAvailable;
  }
  MakeVolume& near(std::string_view key, std::string_view value) {
    auto& term = volume->spec.nodeAffinity.ensure().required.ensure().nodeSelectorTerms.emplace_back();
    term.matchExpressions.push_back(requirement(key, "In", {std::string(value)}));
    return *this;
  }
  MakeVolume& csi(std::string_view driver, std::string_view handle) {
    auto& source = volume->spec.persistentVolumeSource.csi.ensure();
    source.driver = driver;
    source.volumeHandle = handle;
    return *this;
  }
  MakeVolume& label(std::string_view key, std::string_view value) { return volume->metadata.labels.set(key, value), *this; }
};

inline std::shared_ptr<storagev1::StorageClass> make_class(std::string_view name, std::string_view provisioner, bool waits = true) {
  auto made = std::make_shared<storagev1::StorageClass>();
  made->metadata.name = name;
  made->provisioner = provisioner;
  made->volumeBindingMode = waits ? storagev1::VolumeBindingWaitForFirstConsumer : storagev1::VolumeBindingImmediate;
  return made;
}

inline MakePod using_claims(std::string_view name, const std::vector<std::string>& claims) {
  MakePod made(name);
  made.container();
  for (const std::string& claim : claims) {
    corev1::Volume& volume = made.pod->spec.volumes.emplace_back();
    volume.name = claim;
    volume.volumeSource.persistentVolumeClaim.ensure().claimName = claim;
  }
  return made;
}

// One plugin, asked about pods, with nodes and objects of storage around it.
class StorageTable {
 public:
  explicit StorageTable(const std::string& name) : plugin_(Registry<Plugin>::make(name)) {
    plugin_->attach(handle_);
    informers.start();
  }
  VirtualClock clock;
  informer::FakeClient client{clock};
  informer::InformerFactory informers{client, clock};
  NodeTable table;

  StorageTable& add(const MakeNode& node) { return table.set_node(node.node), *this; }
  StorageTable& add(const MakePod& pod) { return table.set_pod(pod.pod), *this; }
  StorageTable& add(const MakeClaim& claim) { return client.add(claim.claim), *this; }
  StorageTable& add(const MakeVolume& volume) { return client.add(volume.volume), *this; }
  template <class T>
  StorageTable& add(const std::shared_ptr<T>& object) {
    return client.add(object), *this;
  }

  // By node: "" when it may take the pod, reasons joined by "; ". Nothing when the plugin has nothing to say; under "" what PreFilter says.
  std::map<std::string, std::string> filter(const MakePod& pod) {
    const PodInfo info(pod.pod);
    PreFilterResult before = dynamic_cast<PreFilterPlugin&>(*plugin_).pre_filter(info);
    std::map<std::string, std::string> answers;
    if (before.verdict.code == Code::skip) return answers;
    if (!before.verdict.ok()) return {{"", before.verdict.reason}};
    for (const NodeInfo* node : table.nodes()) {
      Reasons reasons;
      dynamic_cast<FilterPlugin&>(*plugin_).filter(before.state.get(), info, *node, reasons);
      std::string& text = answers[node->name().str()];
      for (const std::string_view reason : reasons) text += (text.empty() ? "" : "; ") + std::string(reason);
    }
    return answers;
  }
  Plugin& plugin() { return *plugin_; }

 private:
  const std::unique_ptr<Plugin> plugin_;
  const Handle handle_{table, [this](const resources::Resource& resource) -> informer::Informer& { return informers.informer(resource); }};
};

}  // namespace plumb::scheduler::testing
