// A control loop, apart from its machinery. One folder each; it registers itself under upstream's name:
//
//   const Registered<Controller> registered{"replicaset-controller", [] { return std::make_unique<ReplicaSets>(); }};
//
// watch() says what it looks at: it installs handlers that put keys on the queue, and keeps listers. reconcile() gets a key, never an
// event, so that it is level-based by construction: it reads the caches, asks the pure decision function in its own file, and gives back
// a plan. Queue, workers, retries, conflicts, expectations, events and metrics are the driver's.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/registry.h"
#include "reference/apiserver/authorization/bootstrap_policy.h"
#include "reference/controllers/framework/plan.h"
#include "reference/informer/expectations.h"
#include "reference/informer/informer.h"
#include "reference/informer/work_queue.h"

namespace plumb::controllers {

// Settings by upstream's flag name without dashes in front ("node-monitor-grace-period"). A missing or malformed one gives the default.
class Options {
 public:
  Options() = default;
  Options(std::map<std::string, std::string> values) : values_(std::move(values)) {}
  std::string text(const std::string& name, std::string otherwise) const;
  std::int64_t number(const std::string& name, std::int64_t otherwise) const;
  Duration duration(const std::string& name, Duration otherwise) const;  // Go's form: 40s, 5m0s
  bool flag(const std::string& name, bool otherwise) const;
  double fraction(const std::string& name, double otherwise) const;  // 0.1

 private:
  std::map<std::string, std::string> values_;
};

// A setting that a controller reads from Options; the controller manager takes it as a flag.
struct OptionSpec {
  enum class Kind { duration, number, fraction, flag, text };
  std::string name;
  Kind kind = Kind::duration;
  std::string otherwise;  // the default, as text
  std::string help;
};
// invalid_argument when the text is not of the spec's kind, or a number below zero.
Status check_option(const OptionSpec& spec, const std::string& text);

// What a controller is given to look at the cluster with. Lives as long as the controller.
class Watches {
 public:
  Watches(informer::InformerFactory& informers, informer::WorkQueue& queue, informer::Expectations& expectations, Clock& clock,
          const Options& options)
      : queue(queue), expectations(expectations), clock(clock), options(options), informers_(informers) {}

  // The workers start when all informers named here have synced.
  informer::Informer& informer(const informer::Resource& resource);
  template <class T>
  informer::Informer& informer() {
    return informer(informer::resource_of<T>());
  }
  // Take the listers that a handler reads before installing it: a handler may be called at once.
  template <class T>
  informer::Lister<T> lister() {
    return informer<T>().template lister<T>();
  }
  // A lister of T, and every change of T through `handler` (nullptr: no handler).
  template <class T>
  informer::Lister<T> watch(std::function<void(const std::shared_ptr<const T>& before, const std::shared_ptr<const T>& after)> handler = nullptr);
  // The same, where a change of T puts its key on the queue.
  template <class T>
  informer::Lister<T> watch_keys();
  bool synced() const;

  informer::WorkQueue& queue;
  informer::Expectations& expectations;
  Clock& clock;  // for handlers that measure time; decisions get theirs as Now
  const Options& options;

 private:
  informer::InformerFactory& informers_;
  std::vector<informer::Informer*> used_;
};

class Controller {
 public:
  virtual ~Controller() = default;
  virtual void watch(Watches& watches) = 0;
  virtual Plan reconcile(const std::string& key, const Now& now) = 0;
  virtual std::vector<OptionSpec> options() const { return {}; }
  // Keys that may be worked on at a time; one key is never worked on twice at a time.
  virtual int workers() const { return 5; }
  // The component its events are said to come from.
  virtual std::string component() const = 0;
  // The service account in kube-system that it acts as.
  virtual std::string account() const { return component(); }
  // What that account may do: upstream's role system:controller:<account>. Controllers of one account add up. Caches are filled by the
  // controller manager itself and need no grants.
  virtual std::vector<apiserver::Grant> grants() const = 0;
  // The queue's name in workqueue_* metrics.
  virtual std::string queue_name() const = 0;
};

template <class T>
informer::Lister<T> Watches::watch(std::function<void(const std::shared_ptr<const T>&, const std::shared_ptr<const T>&)> handler) {
  informer::Informer& source = informer<T>();
  if (handler) {
    source.add_handler([handler = std::move(handler)](const ObjectPtr& before, const ObjectPtr& after) {
      handler(std::static_pointer_cast<const T>(before), std::static_pointer_cast<const T>(after));
    });
  }
  return source.lister<T>();
}

template <class T>
informer::Lister<T> Watches::watch_keys() {
  return watch<T>([this](const std::shared_ptr<const T>& before, const std::shared_ptr<const T>& after) {
    queue.add(informer::object_key(after ? *after : *before));
  });
}

}  // namespace plumb::controllers
