// From Services and pods to endpoints: what the controllers of Endpoints and of EndpointSlices ask alike.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "reference/controllers/framework/controller.h"
#include "reference/api/types/corev1.h"

namespace plumb::controllers {

// A Service without a selector selects nothing: somebody else writes its endpoints.
bool selects(const corev1::Service& service, const api::Map<api::Str>& labels);
// It has an address and can still answer; `terminating`: also while it is being deleted.
bool belongs_in_endpoints(const corev1::Pod& pod, bool terminating);
// The number that the target port is in that pod: a name may stand for different ones. Of init containers sidecars count.
std::optional<std::int32_t> find_port(const corev1::Pod& pod, const corev1::ServicePort& port);
// The pod's name under the headless Service that it names as its subdomain.
bool publishes_hostname(const corev1::Pod& pod, const corev1::Service& service);
inline bool is_service_ip_set(const corev1::Service& service) { return !service.spec.clusterIP.empty() && service.spec.clusterIP != "None"; }

// Puts the Services that a change of a pod matters to on the queue. `services` has the index by_namespace. Informer thread.
void queue_services_of(Watches& watches, const informer::Lister<corev1::Service>& services, const std::shared_ptr<const corev1::Pod>& before,
                       const std::shared_ptr<const corev1::Pod>& after);

// The annotation endpoints.kubernetes.io/last-change-trigger-time: when the change happened that made somebody write endpoints anew. That is
// the earliest of what changed since the last look: the Service was made, or pods became ready or unready. Safe from any thread.
class TriggerTimes {
 public:
  // nullopt: nothing that it is measured from.
  std::optional<WallTime> look(const std::string& key, const corev1::Service& service, const std::vector<std::shared_ptr<const corev1::Pod>>& pods);
  void forget(const std::string& key);

 private:
  struct Seen {
    std::optional<WallTime> service;
    std::map<std::string, WallTime> pods;
  };
  std::mutex mutex_;
  std::map<std::string, Seen> seen_;  // under mutex_
};
void annotate_trigger_time(metav1::ObjectMeta& metadata, const std::optional<WallTime>& time);

}  // namespace plumb::controllers
