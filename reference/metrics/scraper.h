// Reads /metrics/resource of every kubelet, every so often, a bounded number at a time; a node that is new at once. Who does not answer is
// left out of that round. Asynchronous: on timers and on callbacks of the HTTP client.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "harness/net/client.h"
#include "reference/api/types/corev1.h"
#include "reference/informer/informer.h"
#include "reference/metrics/samples.h"
#include "reference/resources/shared/kubelet_address.h"

namespace plumb::metrics_api {

struct ScraperOptions {
  Duration resolution = std::chrono::seconds(15);
  net::TlsClientOptions kubelet;  // who we are to kubelets, and whom we trust
  std::size_t concurrency = 64;
};

class Scraper {
 public:
  // The informer (of Nodes) and what is given must outlive it.
  Scraper(ScraperOptions options, informer::Informer& nodes, Samples& samples, Clock& clock);
  ~Scraper();
  void start();
  bool has_scraped() const;  // at least one kubelet

 private:
  struct Core;
  std::shared_ptr<Core> core_;
};

}  // namespace plumb::metrics_api
