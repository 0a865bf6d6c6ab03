// The controller "persistentvolume-binder-controller": brings claims and volumes together, and says what became of them.
#include <map>
#include <mutex>

#include "reference/controllers/framework/controller.h"
#include "reference/controllers/framework/pods.h"
#include "reference/controllers/framework/pod_claims.h"
#include "reference/controllers/persistentvolumebinder/decide.h"
#include "reference/resources/storageclasses/claim_class.h"

namespace plumb::controllers::persistentvolumebinder {

namespace {

using corev1::PersistentVolume;
using corev1::PersistentVolumeClaim;
using corev1::Pod;
using storagev1::StorageClass;
using PodPtr = std::shared_ptr<const Pod>;

// Indexes. Claims that are bound are found by their volume alone.
constexpr std::string_view claims_by_class = "unbound-by-class", claims_by_volume = "volume", volumes_by_class = "class", volumes_by_claim = "claim";
// In place of a class's name, for claims that have none yet.
constexpr std::string_view no_class = "no class";

void class_of_claim(const api::Object& object, std::vector<std::string>& values) {
  const auto& claim = static_cast<const PersistentVolumeClaim&>(object);
  if (claim.metadata.annotations.contains(resources::annotation::bind_completed)) return;
  values.emplace_back(resources::class_of(claim));
  if (!resources::has_class(claim)) values.emplace_back(no_class);
}
void volume_of_claim(const api::Object& object, std::vector<std::string>& values) {
  const auto& claim = static_cast<const PersistentVolumeClaim&>(object);
  if (!claim.spec.volumeName.empty()) values.push_back(claim.spec.volumeName.str());
}
void class_of_volume(const api::Object& object, std::vector<std::string>& values) {
  values.emplace_back(resources::class_of(static_cast<const PersistentVolume&>(object)));
}
std::string claim_of(const PersistentVolume& volume) {
  const auto& named = volume.spec.claimRef;
  return named ? informer::object_key(named->namespace_, named->name) : std::string();
}
void claim_of_volume(const api::Object& object, std::vector<std::string>& values) {
  if (std::string key = claim_of(static_cast<const PersistentVolume&>(object)); !key.empty()) values.push_back(std::move(key));
}
// Keys of claims have a namespace, those of volumes do not.
class PersistentVolumeBinder final : public Controller {
 public:
  std::string component() const override { return "persistentvolume-controller"; }
  std::string account() const override { return "persistent-volume-binder"; }
  std::string queue_name() const override { return "claims"; }
  std::vector<apiserver::Grant> grants() const override {
    return {{"create,delete,get,list,update,watch", "core", "persistentvolumes"},
            {"update", "core", "persistentvolumes/status"},
            {"get,list,update,watch", "core", "persistentvolumeclaims"},
            {"update", "core", "persistentvolumeclaims/status"},
            {"create,delete,get,list,watch", "core", "pods"},
            {"get,list,watch", "storage.k8s.io", "storageclasses"},
            {"create,delete,get,update", "core", "endpoints,services"},
            {"get", "core", "secrets"},
            {"get,list", "core", "nodes"},
            apiserver::records_events};
  }

  void watch(Watches& watches) override {
    queue_ = &watches.queue;
    watches.informer<PersistentVolumeClaim>().add_index(claims_by_class, class_of_claim);
    watches.informer<PersistentVolumeClaim>().add_index(claims_by_volume, volume_of_claim);
    watches.informer<PersistentVolume>().add_index(volumes_by_class, class_of_volume);
    watches.informer<PersistentVolume>().add_index(volumes_by_claim, claim_of_volume);
    watches.informer<Pod>().add_index(pods_by_claim, claims_of_pod);
    claims_ = watches.lister<PersistentVolumeClaim>();
    volumes_ = watches.lister<PersistentVolume>();
    pods_ = watches.lister<Pod>();
    classes_ = watches.watch<StorageClass>([this](const ClassPtr& before, const ClassPtr& after) { class_changed(*(after ? after : before), bool(after)); });
    watches.watch<PersistentVolumeClaim>([this](const ClaimPtr& before, const ClaimPtr& after) { claim_changed(*(after ? after : before)); });
    watches.watch<PersistentVolume>([this](const VolumePtr& before, const VolumePtr& after) { volume_changed(*(after ? after : before), bool(after)); });
    watches.watch<Pod>([this](const PodPtr& before, const PodPtr& after) { pod_changed(before, after); });
    describe();
  }

  Plan reconcile(const std::string& key, const Now& now) override {
    if (key.find('/') == std::string::npos) {
      const VolumePtr volume = volumes_.get(key);
      return volume ? sync_volume(volume, around_, now) : Plan();
    }
    const ClaimPtr claim = claims_.get(key);
    if (!claim) return {};
    // Two claims must not be given one volume: they choose one after the other.
    std::lock_guard lock(mutex_);
    return sync_claim(claim, around_, now);
  }

 private:
  void describe() {
    around_.claim = [this](std::string_view key) { return claims_.get(key); };
    around_.volume = [this](std::string_view name) { return volumes_.get(name); };
    around_.storage_class = [this](std::string_view name) { return classes_.get(name); };
    around_.default_class = [this] { return resources::default_class(classes_.list()); };
    around_.candidates = [this](const PersistentVolumeClaim& claim) {
      auto found = volumes_.by_index(volumes_by_class, resources::class_of(claim));
      for (auto& volume : volumes_.by_index(volumes_by_claim, informer::object_key(claim)))
        if (resources::class_of(*volume) != resources::class_of(claim)) found.push_back(std::move(volume));
      return found;
    };
    around_.waiting_pods = [this](const PersistentVolumeClaim& claim) {
      std::vector<std::string> names;
      for (const PodPtr& pod : pods_.by_index(pods_by_claim, informer::object_key(claim)))
        if (!is_terminal(*pod) && pod->spec.nodeName.empty()) names.push_back(pod->metadata.name.str());
      return names;
    };
    around_.taken = [this](const PersistentVolume& volume, const PersistentVolumeClaim& claim) { return taken(volume, claim); };
    around_.gave = [this](const PersistentVolume& volume, const PersistentVolumeClaim& claim) {
      given_[volume.metadata.name.str()] = {claim.metadata.uid.str(), volume.metadata.resourceVersion.str()};
    };
    around_.look_at = [this](const std::string& key) { queue_->add(key); };
  }

  // Until the cache shows another state of the volume than the one it was given in.
  bool taken(const PersistentVolume& volume, const PersistentVolumeClaim& claim) {
    const auto at = given_.find(volume.metadata.name.str());
    if (at == given_.end()) return false;
    if (at->second.version == volume.metadata.resourceVersion.view()) return at->second.claim != claim.metadata.uid.view();
    given_.erase(at);
    return false;
  }

  void add_all(std::string_view index, std::string_view value) {
    for (const ClaimPtr& claim : claims_.by_index(index, value)) queue_->add(informer::object_key(*claim));
  }
  void class_changed(const StorageClass& changed, bool is_there) {
    add_all(claims_by_class, changed.metadata.name);
    if (is_there && resources::is_default(changed)) add_all(claims_by_class, no_class);
  }
  void claim_changed(const PersistentVolumeClaim& claim) {
    const std::string key = informer::object_key(claim);
    queue_->add(key);
    if (!claim.spec.volumeName.empty()) queue_->add(claim.spec.volumeName.str());
    for (const VolumePtr& volume : volumes_.by_index(volumes_by_claim, key)) queue_->add(volume->metadata.name.str());
  }
  void volume_changed(const PersistentVolume& volume, bool is_there) {
    queue_->add(volume.metadata.name.str());
    if (const std::string key = claim_of(volume); !key.empty()) queue_->add(key);
    add_all(claims_by_volume, volume.metadata.name);
    if (is_there && !volume.spec.claimRef && volume.status.phase == corev1::VolumeAvailable) add_all(claims_by_class, resources::class_of(volume));
  }
  // Whom an unbound claim waits for.
  void pod_changed(const PodPtr& before, const PodPtr& after) {
    if (before || !after || !after->spec.nodeName.empty()) return;
    for (const std::string& claim : claim_keys(*after)) queue_->add(claim);
  }

  struct Given {
    std::string claim, version;
  };
  informer::WorkQueue* queue_ = nullptr;
  informer::Lister<PersistentVolumeClaim> claims_;
  informer::Lister<PersistentVolume> volumes_;
  informer::Lister<Pod> pods_;
  informer::Lister<StorageClass> classes_;
  Surroundings around_;
  std::mutex mutex_;
  std::map<std::string, Given> given_;  // under mutex_; by volume
};

const Registered<Controller> registered{"persistentvolume-binder-controller", [] { return std::make_unique<PersistentVolumeBinder>(); }};

}  // namespace

}  // namespace plumb::controllers::persistentvolumebinder
