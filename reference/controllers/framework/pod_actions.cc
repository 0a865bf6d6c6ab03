#include "reference/controllers/framework/pod_actions.h"

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

}  // namespace plumb::controllers
