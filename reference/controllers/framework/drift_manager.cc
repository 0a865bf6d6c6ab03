#include "reference/controllers/framework/drift_manager.h"

namespace plumb::controllers {
namespace {

constexpr const char* names[] = {"deployment-controller", "replicaset-controller", "replicationcontroller-controller", "statefulset-controller", "daemonset-controller",
                                 "job-controller", "cronjob-controller", "ttl-after-finished-controller", "horizontal-pod-autoscaler-controller", "disruption-controller",
                                 "namespace-controller", "garbage-collector-controller", "pod-garbage-collector-controller"};

bool writes(const Request& request) { return request.verb != informer::Verb::get && request.resource->names().plural != "events"; }

}  // namespace

class DriftManager::Line final : public informer::Client {
 public:
  explicit Line(informer::Client& api) : api_(api) {}

  void send(Request request, informer::Done done) override {
    if (!delays_ || !writes(request)) return api_.send(std::move(request), std::move(done));
    delays_ = false;
    late_ = std::move(request);
    Error lost = fail(Code::unavailable, "the connection broke", "ServiceUnavailable");
    done(std::move(lost));
  }
  void list(const informer::Resource& resource, const informer::ListOptions& options, informer::ListDone done) override { api_.list(resource, options, std::move(done)); }
  std::unique_ptr<informer::Watch> watch(const informer::Resource& resource, const informer::WatchOptions& options, informer::WatchHandler handler) override {
    return api_.watch(resource, options, std::move(handler));
  }
  void get_raw(std::string path_and_query, informer::RawDone done) override { api_.get_raw(std::move(path_and_query), std::move(done)); }

  informer::Client& api_;
  bool delays_ = false;
  std::optional<Request> late_;
};

DriftManager::DriftManager(informer::Client& api, Clock& clock) : line_(std::make_unique<Line>(api)), informers_(*line_, clock) {
  for (const char* name : names)
    drivers_.push_back(std::make_unique<Driver>(name, plumb::Registry<Controller>::make(name), *line_, informers_, clock, options_));
  informers_.start();
}

DriftManager::~DriftManager() {
  informers_.stop();
  drivers_.clear();
}

bool DriftManager::run(Driver& driver) {
  at_work_ = driver.name();
  const bool worked = driver.run_pending(1) > 0;
  at_work_.clear();
  return worked;
}

bool DriftManager::work_on_one(Random& order) {
  if (run(*drivers_[order.below(drivers_.size())])) return true;
  for (const auto& driver : drivers_)
    if (run(*driver)) return true;
  return false;
}

void DriftManager::delay_next_write() { line_->delays_ = true; }

std::optional<Request> DriftManager::late_write() { return std::exchange(line_->late_, std::nullopt); }

}  // namespace plumb::controllers
