// The controller "volumeattributesclass-protection-controller": a class that is to go stays while a claim or a volume names it.
#include "reference/api/types/corev1.h"
#include "reference/api/types/storagev1.h"
#include "reference/controllers/framework/controller.h"
#include "reference/controllers/framework/finalizers.h"

namespace plumb::controllers::volumeattributesclassprotection {

namespace {

using corev1::PersistentVolume;
using corev1::PersistentVolumeClaim;
using storagev1::VolumeAttributesClass;

constexpr std::string_view finalizer = "kubernetes.io/vac-protection", by_class = "volume attributes class";

void classes_of_claim(const api::Object& object, std::vector<std::string>& values) {
  const auto& claim = static_cast<const PersistentVolumeClaim&>(object);
  const auto add = [&](const api::Str& name) {
    if (!name.empty()) values.push_back(name.str());
  };
  add(claim.spec.volumeAttributesClassName.value_or(""));
  add(claim.status.currentVolumeAttributesClassName.value_or(""));
  if (claim.status.modifyVolumeStatus) add(claim.status.modifyVolumeStatus->targetVolumeAttributesClassName);
}
void class_of_volume(const api::Object& object, std::vector<std::string>& values) {
  const auto& named = static_cast<const PersistentVolume&>(object).spec.volumeAttributesClassName;
  if (named && !named->empty()) values.push_back(named->str());
}

class VolumeAttributesClassProtection final : public Controller {
 public:
  std::string component() const override { return "volumeattributesclass-protection-controller"; }
  std::string queue_name() const override { return "vac_protection"; }
  std::vector<apiserver::Grant> grants() const override {
    return {{"get,list,watch", "core", "persistentvolumeclaims,persistentvolumes"},
            {"get,list,update,watch", "storage.k8s.io", "volumeattributesclasses"},
            apiserver::records_events};
  }

  void watch(Watches& watches) override {
    watches.informer<PersistentVolumeClaim>().add_index(by_class, classes_of_claim);
    watches.informer<PersistentVolume>().add_index(by_class, class_of_volume);
    classes_ = watches.watch_keys<VolumeAttributesClass>();
    claims_ = watches.watch<PersistentVolumeClaim>([&queue = watches.queue](const auto& before, const auto&) { let_go(queue, before, classes_of_claim); });
    volumes_ = watches.watch<PersistentVolume>([&queue = watches.queue](const auto& before, const auto&) { let_go(queue, before, class_of_volume); });
  }

  Plan reconcile(const std::string& key, const Now&) override {
    Plan plan;
    const auto found = classes_.get(key);
    if (!found) return plan;
    const bool held = has_finalizer(*found, finalizer), going = bool(found->metadata.deletionTimestamp);
    if (held != going || (going && (claims_.count_by_index(by_class, key) != 0 || volumes_.count_by_index(by_class, key) != 0))) return plan;
    plan.act(informer::update_request(going ? without_finalizer(*found, finalizer) : with_finalizer(*found, finalizer))).accept = {"NotFound"};
    return plan;
  }

 private:
  // What an object named before it changed may be free now.
  static void let_go(informer::WorkQueue& queue, const ObjectPtr& before, const informer::IndexFunction& classes) {
    std::vector<std::string> names;
    if (before) classes(*before, names);
    for (const std::string& name : names) queue.add(name);
  }

  informer::Lister<VolumeAttributesClass> classes_;
  informer::Lister<PersistentVolumeClaim> claims_;
  informer::Lister<PersistentVolume> volumes_;
};

const Registered<Controller> registered{"volumeattributesclass-protection-controller", [] { return std::make_unique<VolumeAttributesClassProtection>(); }};

}  // namespace

}  // namespace plumb::controllers::volumeattributesclassprotection
