#include "reference/controllers/framework/drift_witness.h"

#include "reference/api/types/policyv1.h"
#include "reference/controllers/framework/drift_pods.h"
#include "reference/controllers/framework/ownership.h"

namespace plumb::controllers {
namespace {

using namespace drift;
using informer::object_key;

constexpr std::string_view index_annotation = "batch.kubernetes.io/job-completion-index";

std::string end_of(const batchv1::Job& job) {
  for (const auto& condition : job.status.conditions)
    if ((condition.type == "Complete" || condition.type == "Failed") && condition.status == "True") return condition.type.str();
  return {};
}

bool waits_for_dependents(const api::Object& object) {
  const auto& finalizers = object.metadata.finalizers;
  return object.metadata.deletionTimestamp && std::find(finalizers.begin(), finalizers.end(), api::Str("foregroundDeletion")) != finalizers.end();
}

}  // namespace

DriftWitness::DriftWitness(DriftCluster& cluster) : cluster_(cluster) {
  cluster_.watch_writes([this](std::string_view controller, const Request& request) { before_write(controller, request); });
}

void DriftWitness::before_write(std::string_view controller, const Request& request) {
  if (controller == "garbage-collector-controller" && request.verb == informer::Verb::remove) return before_collection(request);
  if (request.verb != informer::Verb::create || !request.object) return;
  if (const auto* pod = api::as<corev1::Pod>(*request.object); pod && controller == "job-controller") before_pod(*pod);
  if (const auto* job = api::as<batchv1::Job>(*request.object); job && controller == "cronjob-controller") before_job(*job);
}

void DriftWitness::before_collection(const Request& request) {
  const ObjectPtr object = cluster_.api().find(*request.resource, object_key(request.namespace_, request.name));
  const auto& pinned = request.delete_options.preconditions;
  if (!object || (pinned && ((pinned->uid && *pinned->uid != object->metadata.uid) || (pinned->resourceVersion && *pinned->resourceVersion != object->metadata.resourceVersion)))) return;
  for (const auto& owner : object->metadata.ownerReferences) {
    const api::TypeInfo* type = api::find_type(owner.apiVersion, owner.kind);
    const ObjectPtr found = type ? cluster_.api().find(informer::resource_of(*type), object_key(request.namespace_, owner.name)) : nullptr;
    if (found && found->metadata.uid == owner.uid && !waits_for_dependents(*found))
      problems_.push_back(informer::describe(request) + ", which " + owner.kind.str() + " " + owner.name.str() + " still owns");
  }
}

void DriftWitness::before_pod(const corev1::Pod& pod) {
  const auto* owner = informer::controller_ref(pod);
  const auto job = owner ? cluster_.api().find<batchv1::Job>(object_key(pod.metadata.namespace_, owner->name)) : nullptr;
  if (!job || job->metadata.uid != owner->uid || excused_.contains(owner->uid.str()) || excused_apps_.contains(app_of(*job))) return;
  const std::string name = job->metadata.name.str(), index = pod.metadata.annotations.get(index_annotation).str();
  const Pods pods = pods_of(cluster_, {owner->uid.str()});
  if (count(pods, is_active) >= job->spec.parallelism.value_or(1)) problems_.push_back("Job " + name + " gets more active pods than its parallelism");
  if (!index.empty() && count(pods, [&](const corev1::Pod& other) { return is_active(other) && other.metadata.annotations.get(index_annotation) == index; }) > 0)
    problems_.push_back("Job " + name + " gets a second active pod of index " + index);
  if (!end_of(*job).empty()) problems_.push_back("Job " + name + " gets a pod after its end");
}

void DriftWitness::before_job(const batchv1::Job& job) {
  const auto* owner = informer::controller_ref(job);
  const auto cron_job = owner ? cluster_.api().find<batchv1::CronJob>(object_key(job.metadata.namespace_, owner->name)) : nullptr;
  if (!cron_job || cron_job->metadata.uid != owner->uid || excused_.contains(owner->uid.str()) || cron_job->spec.concurrencyPolicy == "Allow") return;
  if (cluster_.api().find<batchv1::Job>(object_key(job))) return;  // the API will not have it
  for (const auto& other : cluster_.api().all<batchv1::Job>())
    if (controller_uid(*other) == owner->uid && end_of(*other).empty() && !other->metadata.deletionTimestamp)
      problems_.push_back("CronJob " + owner->name.str() + " starts " + job.metadata.name.str() + " beside " + other->metadata.name.str() + ", concurrency is " + cron_job->spec.concurrencyPolicy.str());
}

void DriftWitness::excuse(const std::string& app) {
  if (!app.empty()) excused_apps_.insert(app);
  if (!app.empty()) return;
  for (const auto& job : cluster_.api().all<batchv1::Job>()) excused_.insert(job->metadata.uid.str());
  for (const auto& cron_job : cluster_.api().all<batchv1::CronJob>()) excused_.insert(cron_job->metadata.uid.str());
  distrust_budgets();
}

void DriftWitness::look_at(const batchv1::Job& job) {
  Counts& before = counted_[job.metadata.uid.str()];
  const std::string name = "Job " + job.metadata.name.str(), end = end_of(job);
  const auto& status = job.status;
  if (status.succeeded < before.succeeded || status.failed < before.failed)
    problems_.push_back(name + " counts " + std::to_string(status.succeeded) + " succeeded and " + std::to_string(status.failed) + " failed pods, after " + std::to_string(before.succeeded) + " and " + std::to_string(before.failed));
  if (!before.end.empty() && end != before.end) problems_.push_back(name + " was " + before.end + " and is so no more");
  const auto& uncounted = status.uncountedTerminatedPods;
  const auto succeeded = status.succeeded + (uncounted ? static_cast<std::int32_t>(uncounted->succeeded.size()) : 0);
  // Pods that another Job of the same CronJob has left may be adopted, and then count.
  if (const int ever = cluster_.succeeded(app_of(job)); succeeded > ever)
    problems_.push_back(name + " counts " + std::to_string(succeeded) + " succeeded pods of " + std::to_string(ever));
  before = {status.succeeded, status.failed, end};
}

void DriftWitness::trust_budgets() {
  for (const auto& budget : cluster_.api().all<policyv1::PodDisruptionBudget>())
    if (healthy(object_key(*budget)) >= budget->status.desiredHealthy) trusted_.insert(object_key(*budget));
}

std::int32_t DriftWitness::healthy(const std::string& key) const {
  const auto budget = cluster_.api().find<policyv1::PodDisruptionBudget>(key);
  const auto selector = budget ? selector_of(budget->spec.selector.get()) : api::LabelSelector::nothing();
  return count(cluster_.api().all<corev1::Pod>(), [&](const corev1::Pod& pod) {
    return selector.ok() && pod.metadata.namespace_ == budget->metadata.namespace_ && matches(*selector, pod.metadata.labels) && is_active(pod) && is_ready(pod);
  });
}

void DriftWitness::check(std::vector<std::string>& problems) {
  for (const auto& job : cluster_.api().all<batchv1::Job>()) look_at(*job);
  for (const std::string& key : trusted_) {
    const auto budget = cluster_.api().find<policyv1::PodDisruptionBudget>(key);
    const std::int32_t left = healthy(key);
    if (budget && left < budget->status.desiredHealthy)
      problems_.push_back("budget " + key + ": " + std::to_string(left) + " pods are healthy, it demands " + std::to_string(budget->status.desiredHealthy));
  }
  for (std::string& each : problems_) problems.push_back(std::move(each));
  problems_.clear();
}

}  // namespace plumb::controllers
