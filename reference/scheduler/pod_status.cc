#include "reference/scheduler/pod_status.h"

#include "harness/base/log.h"
#include "reference/api/doc/document.h"
#include "reference/api/text/time.h"

namespace plumb::scheduler {

namespace {

const corev1::PodCondition* condition_of(const corev1::Pod& pod, std::string_view type) {
  for (const corev1::PodCondition& condition : pod.status.conditions)
    if (condition.type == type) return &condition;
  return nullptr;
}

void field(std::string& patch, std::string_view name, std::string_view value) {
  patch += ",\"" + std::string(name) + "\":";
  api::append_json_string(patch, value);
}

std::string condition_json(const corev1::Pod& pod, std::string_view type, std::string_view status, std::string_view reason, std::string_view message,
                           WallTime now) {
  std::string json = "{\"type\":";
  api::append_json_string(json, type);
  field(json, "status", status);
  field(json, "reason", reason);
  field(json, "message", message);
  const corev1::PodCondition* before = condition_of(pod, type);
  if (!before || before->status != status) field(json, "lastTransitionTime", api::format_time(now));
  if (pod.metadata.generation != 0) json += ",\"observedGeneration\":" + std::to_string(pod.metadata.generation);
  return json + "}";
}

// Of the status of this very pod.
informer::Request patch_of(const corev1::Pod& pod, const std::string& status) {
  std::string patch = "{\"metadata\":{\"uid\":";
  api::append_json_string(patch, pod.metadata.uid);
  patch += "},\"status\":{" + status + "}}";
  return informer::patch_request(informer::resource_of<corev1::Pod>(), pod.metadata.namespace_, pod.metadata.name, informer::PatchType::strategic,
                                 std::move(patch), "status");
}

std::string nomination_json(std::string_view node) {
  std::string json = "\"nominatedNodeName\":";
  if (node.empty()) json += "null";
  else api::append_json_string(json, node);
  return json;
}

void send(informer::Client& client, const corev1::Pod& pod, const std::string& status, std::string_view what) {
  client.send(patch_of(pod, status), [about = std::string(what) + " of pod " + informer::object_key(pod)](const Result<api::ObjectPtr>& answer) {
    if (!answer.ok() && !informer::is_not_found(answer.error()) && !informer::is_conflict(answer.error()))
      log::warning("scheduler", "set " + about + ": " + answer.error().message);
  });
}

}  // namespace

void show_unscheduled(informer::Client& client, const corev1::Pod& pod, std::string_view reason, std::string_view message,
                      const std::optional<std::string>& nominated_node, WallTime now) {
  const corev1::PodCondition* before = condition_of(pod, corev1::PodScheduled);
  const bool shown = before && before->status == corev1::ConditionFalse && before->reason == reason && before->message == message;
  const bool nominates = nominated_node && pod.status.nominatedNodeName != *nominated_node;
  if (shown && !nominates) return;
  std::string status = "\"conditions\":[" + condition_json(pod, corev1::PodScheduled, corev1::ConditionFalse, reason, message, now) + "]";
  if (nominates) status += "," + nomination_json(*nominated_node);
  send(client, pod, status, "condition PodScheduled");
}

void show_no_nomination(informer::Client& client, const corev1::Pod& pod) {
  if (!pod.status.nominatedNodeName.empty()) send(client, pod, nomination_json(""), "nominatedNodeName");
}

void preempt(informer::Client& client, const std::shared_ptr<const corev1::Pod>& victim, std::string_view scheduler_name, WallTime now,
             std::function<void(Status)> done) {
  const std::string message = std::string(scheduler_name) + ": preempting to accommodate a higher priority pod";
  const std::string status =
      "\"conditions\":[" + condition_json(*victim, corev1::DisruptionTarget, corev1::ConditionTrue, "PreemptionByScheduler", message, now) + "]";
  client.send(patch_of(*victim, status), [&client, victim, done = std::move(done)](const Result<api::ObjectPtr>& shown) {
    if (!shown.ok()) return done(informer::is_not_found(shown.error()) ? Status() : Status(shown.error()));
    const corev1::Pod& pod = *victim;
    client.send(informer::remove_request(informer::resource_of<corev1::Pod>(), pod.metadata.namespace_, pod.metadata.name, informer::only_this(pod)),
                [done](const Result<api::ObjectPtr>& removed) {
                  const bool gone = removed.ok() || informer::is_not_found(removed.error());
                  done(gone ? Status() : Status(removed.error()));
                });
  });
}

}  // namespace plumb::scheduler
