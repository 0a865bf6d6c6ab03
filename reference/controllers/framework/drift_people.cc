#include "reference/controllers/framework/drift_people.h"

#include <algorithm>

#include "reference/controllers/framework/drift_pods.h"

namespace plumb::controllers {
namespace {

using namespace drift;
using informer::object_key;
using informer::resource_of;

constexpr std::string_view home = "default", other = "other";  // namespaces; names of workloads in the latter begin with an o
constexpr const char* policies[] = {"Background", "Foreground", "Orphan"};

bool belongs_to_job(const corev1::Pod& pod) {
  const auto* owner = informer::controller_ref(pod);
  return owner && owner->kind == batchv1::Job::info().name;
}

}  // namespace

void DriftPeople::act() {
  switch (random_.below(24)) {
    case 0: case 1: case 2: return create();
    case 3: return scale();
    case 4: case 5: return change_template();
    case 6: return pause();
    case 7: return remove();
    case 8: return relabel_pod();
    case 9: return chance(2) ? lose_node() : add_node();
    case 10: case 11: return end_some_pod();
    case 12: return disturb_pod();
    case 13: return evict();
    case 14: return budget();
    case 15: return chance(2) ? autoscale() : change_load();
    case 16: return chance(4) ? change_namespaces() : own();
    case 17: return own();
    case 18: return change_owners();
    default: return kubelets();
  }
}

bool DriftPeople::has_other_namespace() const {
  const auto found = cluster_.api().find<corev1::Namespace>(other);
  return found && !found->metadata.deletionTimestamp;
}

void DriftPeople::create() {
  const bool away = has_other_namespace() && chance(3);
  const std::uint64_t kind = random_.below(6);
  const std::string index = std::to_string(number(2));
  const auto app = [&](const std::string& kind) { return (away ? "o" : "") + kind; };
  std::shared_ptr<api::Object> made;
  switch (kind) {
    case 0: made = make_.deployment(app("d" + index)); break;
    case 1: made = make_.stateful_set(app("s" + index)); break;
    case 2: made = make_.daemon_set(app("m" + index)); break;
    case 3: made = make_.replica_set(app("r" + index)); break;
    case 4: made = make_.cron_job(app("c" + index)); break;
    default: made = make_.job(app("j" + std::to_string(next_job_++))); break;
  }
  const std::string name = made->metadata.name.str();
  steady_.disturbed(name);
  note_("create " + std::string(made->type().name) + " " + name + (cluster_.create(made, away ? other : home).ok() ? "" : ": it is there"));
}

template <class T>
void DriftPeople::set_replicas() {
  const auto each = any<T>();
  if (!each || informer::controller_ref(*each)) return;
  const std::int32_t replicas = number(5);
  note_("scale " + each->metadata.name.str() + " to " + std::to_string(replicas));
  steady_.disturbed(each->metadata.name.str());
  cluster_.change<T>(object_key(*each), [&](T& next) { next.spec.replicas = replicas; });
}

void DriftPeople::scale() {
  const std::uint64_t kind = random_.below(3);
  kind == 0 ? set_replicas<appsv1::Deployment>() : kind == 1 ? set_replicas<appsv1::StatefulSet>() : set_replicas<appsv1::ReplicaSet>();
}

template <class T>
void DriftPeople::set_image() {
  const auto each = any<T>();
  if (!each) return;
  const std::string image = make_.image();
  note_("image of " + each->metadata.name.str() + " is " + image);
  cluster_.change<T>(object_key(*each), [&](T& next) { next.spec.template_.spec.containers[0].image = image; });
}

void DriftPeople::change_template() {
  const std::uint64_t kind = random_.below(3);
  kind == 0 ? set_image<appsv1::Deployment>() : kind == 1 ? set_image<appsv1::StatefulSet>() : set_image<appsv1::DaemonSet>();
}

void DriftPeople::pause() {
  const std::uint64_t kind = random_.below(3);
  if (kind == 0) {
    if (const auto each = any<appsv1::Deployment>()) {
      note_(std::string(each->spec.paused ? "resume " : "pause ") + each->metadata.name.str());
      cluster_.change<appsv1::Deployment>(object_key(*each), [](appsv1::Deployment& next) { next.spec.paused = !next.spec.paused; });
    }
  } else if (kind == 1) {
    if (const auto each = any<batchv1::CronJob>()) {
      note_(std::string(each->spec.suspend.value_or(false) ? "resume " : "suspend ") + each->metadata.name.str());
      cluster_.change<batchv1::CronJob>(object_key(*each), [](batchv1::CronJob& next) { next.spec.suspend = !next.spec.suspend.value_or(false); });
    }
  } else if (const auto each = any<batchv1::Job>()) {
    note_(std::string(each->spec.suspend.value_or(false) ? "resume " : "suspend ") + each->metadata.name.str());
    cluster_.change<batchv1::Job>(object_key(*each), [](batchv1::Job& next) { next.spec.suspend = !next.spec.suspend.value_or(false); });
  }
}

template <class T>
void DriftPeople::remove_any() {
  const auto each = any<T>();
  if (!each) return;
  metav1::DeleteOptions options;
  options.propagationPolicy = policies[random_.below(3)];
  note_("delete " + std::string(each->type().name) + " " + each->metadata.name.str() + " " + options.propagationPolicy->str());
  steady_.disturbed(app_of(*each).empty() ? "-" : app_of(*each));
  if (options.propagationPolicy == api::Str("Orphan")) witness_.excuse(app_of(*each).empty() ? "-" : app_of(*each));
  (void)cluster_.api().call(informer::remove_request(resource_of<T>(), each->metadata.namespace_, each->metadata.name, options));
}

void DriftPeople::remove() {
  switch (random_.below(9)) {
    case 0: return remove_any<appsv1::Deployment>();
    case 1: return remove_any<appsv1::StatefulSet>();
    case 2: return remove_any<appsv1::DaemonSet>();
    case 3: return remove_any<appsv1::ReplicaSet>();
    case 4: return remove_any<batchv1::Job>();
    case 5: return remove_any<batchv1::CronJob>();
    case 6: return remove_any<autoscalingv2::HorizontalPodAutoscaler>();
    case 7: return remove_any<corev1::ConfigMap>();
    default: return remove_any<corev1::Pod>();
  }
}

void DriftPeople::relabel_pod() {
  const auto pod = any<corev1::Pod>();
  if (!pod) return;
  const std::string app = app_of(*pod);
  const bool taken_out = app.starts_with("x-");
  const std::string whose = taken_out ? app.substr(2) : app;
  note_("label of " + pod->metadata.name.str() + (taken_out ? " is back" : " goes"));
  steady_.disturbed(whose);
  witness_.excuse(whose);
  cluster_.change<corev1::Pod>(object_key(*pod), [&](corev1::Pod& next) { next.metadata.labels.set("app", api::Str(taken_out ? whose : "x-" + app)); });
}

void DriftPeople::add_node() {
  const std::string name = "n" + std::to_string(next_node_++);
  note_("node " + name + " comes");
  steady_.disturbed({});
  cluster_.add_node(name);
}

void DriftPeople::lose_node() {
  const auto nodes = cluster_.nodes();
  if (nodes.size() <= 1) return;
  const std::string name = nodes[random_.below(nodes.size())];
  note_("node " + name + " is lost");
  steady_.disturbed({});
  cluster_.lose_node(name);
}

void DriftPeople::end_some_pod() {
  const auto pod = any<corev1::Pod>();
  if (!pod || !is_active(*pod) || pod->status.phase != corev1::PodRunning) return;
  const char* phase = chance(2) ? "Failed" : "Succeeded";
  note_("pod " + pod->metadata.name.str() + " ends: " + phase);
  steady_.disturbed(app_of(*pod));
  cluster_.end_pod(*pod, phase, chance(3) ? 42 : 1);
}

void DriftPeople::disturb_pod() {
  const auto pod = any<corev1::Pod>();
  if (!pod || !is_active(*pod) || !is_ready(*pod)) return;
  note_("pod " + pod->metadata.name.str() + " is ready no more");
  steady_.disturbed(app_of(*pod));
  cluster_.set_ready(*pod, false);
}

void DriftPeople::budget() {
  const bool away = has_other_namespace() && chance(3);
  const std::string app = std::string(away ? "o" : "") + (chance(2) ? "d" : "s") + std::to_string(number(2));
  note_("budget of " + app);
  (void)cluster_.create(make_.budget(app), away ? other : home);
}

void DriftPeople::evict() {
  const auto pod = any<corev1::Pod>();
  if (!pod || !is_active(*pod) || !is_ready(*pod)) return;
  const bool gone = cluster_.evict(*pod);
  note_("evict " + pod->metadata.name.str() + (gone ? "" : ": the budget forbids it"));
  if (gone) steady_.disturbed(app_of(*pod));
}

void DriftPeople::autoscale() {
  const bool away = has_other_namespace() && chance(3);
  const std::string app = away ? "od1" : "d1";
  note_("autoscaler of " + app);
  steady_.never(app);
  (void)cluster_.create(make_.autoscaler(app), away ? other : home);
}

void DriftPeople::change_load() {
  const std::string app = has_other_namespace() && chance(3) ? "od1" : "d1";
  cluster_.set_load(app, 25 * number(16));
  note_("load of " + app + " is " + std::to_string(cluster_.load(app)) + "m");
}

void DriftPeople::change_namespaces() {
  if (!cluster_.api().find<corev1::Namespace>(other)) {
    auto made = std::make_shared<corev1::Namespace>();
    made->metadata.name = other;
    made->spec.finalizers.push_back("kubernetes");
    note_("create Namespace other");
    (void)cluster_.create(std::move(made));
    return;
  }
  note_("delete Namespace other");
  for (const char* app : {"od0", "od1", "os0", "os1", "om0", "om1"}) steady_.disturbed(app);
  (void)cluster_.api().call(informer::remove_request(resource_of<corev1::Namespace>(), {}, other));
}

metav1::OwnerReference DriftPeople::some_owner() {
  ObjectPtr owner = any<corev1::ConfigMap>();
  if (!owner || chance(3)) {
    if (const auto set = any<appsv1::ReplicaSet>()) owner = set;
  }
  metav1::OwnerReference reference;
  if (!owner || owner->metadata.namespace_ != home) return reference;
  reference.apiVersion = api::api_version(owner->type());
  reference.kind = owner->type().name;
  reference.name = owner->metadata.name;
  reference.uid = owner->metadata.uid;
  if (chance(2)) reference.blockOwnerDeletion = true;
  return reference;
}

void DriftPeople::own() {
  auto made = std::make_shared<corev1::ConfigMap>();
  made->metadata.name = "g" + std::to_string(number(6));
  std::string owners;
  for (int i = number(3); i > 0; --i) {
    const auto owner = some_owner();
    const auto& known = made->metadata.ownerReferences;
    if (owner.uid.empty() || std::any_of(known.begin(), known.end(), [&](const auto& each) { return each.uid == owner.uid; })) continue;
    made->metadata.ownerReferences.push_back(owner);
    owners += " " + owner.name.str();
  }
  const std::string name = made->metadata.name.str();
  note_("create ConfigMap " + name + (owners.empty() ? "" : " of" + owners) + (cluster_.create(made).ok() ? "" : ": it is there"));
}

void DriftPeople::change_owners() {
  const auto each = any<corev1::ConfigMap>();
  if (!each || each->metadata.namespace_ != home) return;
  const auto owner = some_owner();
  const bool drops = chance(2), adds = !owner.uid.empty() && owner.uid != each->metadata.uid;
  note_("owners of ConfigMap " + each->metadata.name.str() + ":" + (drops ? " none of before" : "") + (adds ? " " + owner.name.str() : ""));
  cluster_.change<corev1::ConfigMap>(object_key(*each), [&](corev1::ConfigMap& next) {
    auto& references = next.metadata.ownerReferences;
    references.erase_if([&](const auto& known) { return drops || known.uid == owner.uid; });
    if (adds) references.push_back(owner);
  });
}

void DriftPeople::kubelets() {
  const std::size_t count = 1 + random_.below(6);
  note_("kubelets work on " + std::to_string(count));
  cluster_.kubelets(count, random_);
}

void DriftPeople::begin_steady(bool with_budgets) {
  std::vector<std::string> apps{"d0", "d1", "d2", "s0"};
  for (const std::string& app : apps) {
    if (app == "s0") {
      (void)cluster_.create(make_.stateful_set(app));
    } else {
      auto made = make_.deployment(app);
      made->spec.replicas = 2 + number(5);
      (void)cluster_.create(std::move(made));
    }
    if (with_budgets) (void)cluster_.create(make_.budget(app));
  }
  (void)cluster_.create(make_.daemon_set("m0"));
}

void DriftPeople::end_jobs() {
  for (const auto& pod : cluster_.api().all<corev1::Pod>())
    if (belongs_to_job(*pod) && is_active(*pod) && pod->status.phase == corev1::PodRunning) cluster_.end_pod(*pod, "Succeeded");
}

void DriftPeople::clear_the_way() {
  for (const auto& pod : cluster_.api().all<corev1::Pod>())
    if (app_of(*pod).starts_with("x-")) (void)cluster_.api().call(informer::remove_request(resource_of<corev1::Pod>(), pod->metadata.namespace_, pod->metadata.name));
}

void DriftPeople::suspend_cron_jobs() {
  for (const auto& each : cluster_.api().all<batchv1::CronJob>())
    cluster_.change<batchv1::CronJob>(object_key(*each), [](batchv1::CronJob& next) { next.spec.suspend = true; });
}

}  // namespace plumb::controllers
