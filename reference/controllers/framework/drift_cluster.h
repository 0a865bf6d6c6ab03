// The cluster of a drift run: the API in memory, the controllers at work on it, and kubelets and a scheduler that do what they are told.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/random.h"
#include "reference/api/types/corev1.h"
#include "reference/controllers/framework/drift_manager.h"
#include "reference/informer/fake_client.h"

namespace plumb::controllers {

class DriftCluster {
 public:
  explicit DriftCluster(std::uint64_t seed);

  informer::FakeClient& api() { return client_; }
  VirtualClock& clock() { return clock_; }

  // Without defaults, validation and admission the API takes objects as they are: this sets the defaults.
  Result<ObjectPtr> create(std::shared_ptr<api::Object> object, std::string_view namespace_ = "default");
  template <class T>
  void change(const std::string& key, const std::function<void(T&)>& edit, std::string_view subresource = {}) {
    const auto current = client_.find<T>(key);
    if (!current) return;
    auto next = std::make_shared<T>(*current);
    edit(*next);
    (void)client_.call(informer::update_request(next, std::string(subresource)));
  }

  // Controllers work until nothing is left, in any order, each on one key at a time; false when there is no end of it.
  bool work();
  // They work on at most so many keys.
  void work_on_some(std::uint64_t keys);
  // What the controllers asked for last, the newest at the end.
  std::vector<std::string> last_calls() const { return {last_calls_.begin(), last_calls_.end()}; }
  // Told of each call of a controller.
  void trace(std::function<void(const std::string&)> tell) { trace_ = std::move(tell); }
  void restart();
  // Another manager begins, while this one goes on with its own caches until both have worked on so many keys. The last write that this one
  // tries arrives later: with arrive_late(), where there is one.
  void fail_over(std::uint64_t keys);
  bool arrive_late();
  // Done by somebody else just before the controllers' call after so many more.
  void meddle(int calls, std::function<void()> act);
  // Told of what is about to be written, and by which controller; refused writes are not.
  void watch_writes(std::function<void(std::string_view controller, const Request&)> watch) { watch_writes_ = std::move(watch); }
  // The next calls are refused, with an error or as conflicts.
  void refuse_next(int calls) { refusals_ = calls; }
  // Lets time pass, with what falls due on the way; false as work().
  bool pass(Duration by);

  std::vector<std::string> nodes() const;
  void add_node(const std::string& name);
  void lose_node(const std::string& name);

  // The kubelets bring up to `count` pods a step further: bound and ready, or gone.
  void kubelets(std::size_t count, Random& random);
  void end_pod(const corev1::Pod& pod, std::string_view phase, std::int32_t exit_code = 1);
  // How many pods named after that owner have succeeded so far.
  int succeeded(std::string_view owner) const;
  void set_ready(const corev1::Pod& pod, bool ready);
  // As the API server evicts: only where the budgets allow it, of which it takes one disruption. True when the pod goes.
  bool evict(const corev1::Pod& pod);

  // What all ready pods of an app use of the CPU together, for autoscalers; sample() brings metrics.k8s.io up to date,
  // as time that passes does.
  void set_load(const std::string& app, std::int64_t milli) { loads_[app] = milli; }
  std::int64_t load(const std::string& app) const { return loads_.contains(app) ? loads_.at(app) : 0; }
  void sample();

  std::size_t calls() const { return calls_; }
  // Writes by controllers since the last reset, by what they write.
  const std::map<std::string, int>& writes() const { return writes_; }
  void reset_writes() { writes_.clear(); }

 private:
  bool work_on_one();
  Duration sample_if_due();  // until the next
  void advance_pod(const corev1::Pod& pod, Random& random);
  std::optional<Error> before_call(const Request& request);
  // Nothing can be made in a namespace that is not there.
  std::optional<Error> without_namespace(const Request& request) const;

  VirtualClock clock_;
  Random order_;  // in which controllers work
  informer::FakeClient client_;
  std::unique_ptr<DriftManager> manager_;
  DriftManager* at_work_ = nullptr;  // whose calls are under way
  std::vector<Request> late_;
  int meddle_after_ = 0;
  std::function<void()> meddle_;
  std::function<void(std::string_view, const Request&)> watch_writes_;
  int refusals_ = 0;
  std::size_t calls_ = 0;
  std::map<std::string, int> writes_;
  std::map<std::string, std::int64_t> loads_;
  Instant sampled_at_{};
  std::vector<std::string> succeeded_;  // pods
  std::deque<std::string> last_calls_;
  std::function<void(const std::string&)> trace_;
};

}  // namespace plumb::controllers
