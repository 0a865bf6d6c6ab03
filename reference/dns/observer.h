// Keeps a zone as the cluster is: Services, EndpointSlices and Namespaces by informers, pods only where their names are verified. Handlers take one Service
// at a time and wait for nothing; there is no thread and no timer.
#pragma once

#include <memory>
#include <mutex>

#include "harness/base/clock.h"
#include "reference/dns/dns_metrics.h"
#include "reference/dns/zone.h"
#include "reference/informer/informer.h"

namespace plumb::dns {

class Observer {
 public:
  // `informers` is started after this, and stopped before this goes. The zone is complete once they have synced.
  Observer(Zone& zone, informer::InformerFactory& informers, Clock& clock);

 private:
  void look_at(std::string_view namespace_, std::string_view name);
  void slice_changed(const informer::ObjectPtr& before, const informer::ObjectPtr& after);
  void pod_changed(const informer::ObjectPtr& before, const informer::ObjectPtr& after);
  void measure(const discoveryv1::EndpointSlice& slice);

  Zone& zone_;
  Clock& clock_;
  ProgrammingMetric programming_;
  informer::Informer &services_, &slices_;
  std::mutex mutex_;  // whoever looks at a Service sees what the stores hold by then
};

}  // namespace plumb::dns
