// Records core/v1 Events on objects, as `kubectl describe` and `kubectl get events` show them. Never blocks and never fails the caller:
// what cannot be kept or sent is dropped.
//
// Correlation is upstream's: the same event again raises the count of the first; more than 10 events within 10 minutes that differ only
// in their message continue as one, "(combined from similar events): …"; one source may record 25 events about one object at once, then
// one every 5 minutes.
//
// Events go out up to 64 at a time; of one event never two at a time, so that counts arrive in order. At most 1,000 others wait.
// Safe from any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "harness/base/clock.h"
#include "reference/api/object.h"
#include "reference/api/types/corev1.h"

namespace plumb::informer {

class Client;

inline constexpr std::string_view event_normal = "Normal";
inline constexpr std::string_view event_warning = "Warning";

// What an event says it is about.
corev1::ObjectReference reference_to(const api::Object& object);

class EventRecorder {
 public:
  // `component` as upstream names it ("deployment-controller", "default-scheduler", "kubelet"); `host` for components of a node.
  EventRecorder(Client& client, Clock& clock, std::string component, std::string host = {});
  ~EventRecorder();  // what waits is dropped

  void record(const corev1::ObjectReference& about, std::string_view type, std::string_view reason, std::string_view message);
  void record(const api::Object& about, std::string_view type, std::string_view reason, std::string_view message) {
    record(reference_to(about), type, reason, message);
  }

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace plumb::informer
