// The controller "persistentvolume-protection-controller": a volume that is to go stays while it is bound.
#include "reference/api/types/corev1.h"
#include "reference/controllers/framework/controller.h"
#include "reference/controllers/framework/finalizers.h"

namespace plumb::controllers::persistentvolumeprotection {

namespace {

using corev1::PersistentVolume;

constexpr std::string_view finalizer = "kubernetes.io/pv-protection";

Plan decide(const std::shared_ptr<const PersistentVolume>& volume) {
  Plan plan;
  const bool held = has_finalizer(*volume, finalizer), going = bool(volume->metadata.deletionTimestamp);
  if (held == going && !(going && volume->status.phase == corev1::VolumeBound))
    plan.act(informer::update_request(going ? without_finalizer(*volume, finalizer) : with_finalizer(*volume, finalizer))).accept = {"NotFound"};
  return plan;
}

class PersistentVolumeProtection final : public Controller {
 public:
  std::string component() const override { return "pv-protection-controller"; }
  std::string queue_name() const override { return "pvprotection"; }
  std::vector<apiserver::Grant> grants() const override {
    return {{"get,list,update,watch", "core", "persistentvolumes"}, apiserver::records_events};
  }
  void watch(Watches& watches) override { volumes_ = watches.watch_keys<PersistentVolume>(); }
  Plan reconcile(const std::string& key, const Now&) override {
    const auto volume = volumes_.get(key);
    return volume ? decide(volume) : Plan();
  }

 private:
  informer::Lister<PersistentVolume> volumes_;
};

const Registered<Controller> registered{"persistentvolume-protection-controller", [] { return std::make_unique<PersistentVolumeProtection>(); }};

}  // namespace

}  // namespace plumb::controllers::persistentvolumeprotection
