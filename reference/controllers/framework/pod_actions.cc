#include "reference/controllers/framework/pod_actions.h"

#include "reference/api/text/time.h"
#include "reference/informer/event_recorder.h"

namespace plumb::controllers {

Action create_pod(std::shared_ptr<const corev1::Pod> pod, const ObjectPtr& owner) {
  Action action;
  action.request = informer::create_request(std::move(pod));
  action.on_success = Event{owner, informer::event_normal, "SuccessfulCreate", "Created pod: {}"};
  action.on_failure = Event{owner, informer::event_warning, "FailedCreate", "Error creating: {}"};
  return action;
}

Action delete_pod(const corev1::Pod& pod, const ObjectPtr& owner) {
  Action action;
  action.request = informer::remove_request(informer::resource_of<corev1::Pod>(), pod.metadata.namespace_, pod.metadata.name);
  action.on_success = Event{owner, informer::event_normal, "SuccessfulDelete", "Deleted pod: " + pod.metadata.name.str()};
  action.on_failure = Event{owner, informer::event_warning, "FailedDelete", "Error deleting: {}"};
  action.accept = {"NotFound"};
  return action;
}

Action mark_disrupted(const corev1::Pod& pod, std::string_view reason, std::string_view message, WallTime now, std::string_view phase) {
  const auto quoted = [](std::string_view text) { return "\"" + std::string(text) + "\""; };
  const std::string condition = "{\"type\":\"DisruptionTarget\",\"status\":\"True\",\"reason\":" + quoted(reason) + ",\"message\":" + quoted(message) +
                                ",\"lastTransitionTime\":" + quoted(api::format_time(now)) + "}";
  const std::string ended = phase.empty() ? "" : "\"phase\":" + quoted(phase) + ",";
  Action action;
  action.request = informer::patch_request(informer::resource_of<corev1::Pod>(), pod.metadata.namespace_, pod.metadata.name,
                                           informer::PatchType::strategic,
                                           "{\"metadata\":{\"uid\":" + quoted(pod.metadata.uid.view()) + "},\"status\":{" + ended + "\"conditions\":[" + condition + "]}}", "status");
  action.accept = {"NotFound", "Conflict"};
  return action;
}

}  // namespace plumb::controllers
