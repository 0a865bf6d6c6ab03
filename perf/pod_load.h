// Puts a load on the pods of a scenario's workloads and keeps it shared by those that are ready, while they come and go. On simulated nodes
// (plumb up --hollow-nodes, KWOK) an annotation of the pod says what it uses; elsewhere the pod is asked to use it, by the path /load of the test
// image on port 8080, through the API server's proxy to pods.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "harness/client/rest.h"
#include "harness/load/measure/measurement.h"
#include "harness/load/transport.h"

namespace plumb::perf {

struct PodLoadContext {
  client::Client& client;
  harness::LoadTransport& transport;
  Clock& clock;
  std::string space;
  std::function<void(const harness::LoadChange&)> changes;  // is told of every change as it begins; from any thread
  std::function<void()> progress;                           // busy() or lacking() may have changed; from any thread
};

// The pods of a Deployment share a load: those with the same labels, but for the hash of their template.
class PodLoad {
 public:
  static Result<std::unique_ptr<PodLoad>> start(PodLoadContext context);
  ~PodLoad();  // as stop()
  // Nothing is sent once this returns. An error when pods were left without their share, or the pods are not all known.
  Status stop();

  // CPU of the pods of each workload together, in cores: `after` from now it begins to change evenly for the time `over`; `length` after that
  // beginning, unless that is zero, it is at once what it was before.
  struct Change {
    double cores = 0;
    Duration after{}, over{}, length{};
  };
  void set(const Change& change);
  // A change is to come or under way, or will be undone.
  bool busy() const;
  // What keeps pods from being loaded at all; empty: nothing.
  std::string lacking() const;

 private:
  struct State;
  explicit PodLoad(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace plumb::perf
