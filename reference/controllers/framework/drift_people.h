// What people, nodes and their pods do to the cluster of a drift run, at random. Each act is noted in the journal.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/base/random.h"
#include "reference/controllers/framework/drift_cluster.h"
#include "reference/controllers/framework/drift_steady.h"
#include "reference/controllers/framework/drift_witness.h"
#include "reference/controllers/framework/drift_workloads.h"

namespace plumb::controllers {

class DriftPeople {
 public:
  DriftPeople(Random& random, DriftCluster& cluster, SteadyWorkloads& steady, DriftWitness& witness, std::function<void(std::string)> note)
      : random_(random), cluster_(cluster), steady_(steady), witness_(witness), make_(random), note_(std::move(note)) {}

  // Anything that people do, nodes that come and go, and pods that end; also between two calls of a controller.
  void act();
  void change_template();
  void evict();
  void kubelets();
  // Workloads that have all that they need, and budgets for them.
  void begin_steady(bool with_budgets);
  // For the end: whoever works for a Job comes to an end; nobody's pod has a name that a StatefulSet needs; no CronJob goes on.
  void end_jobs();
  void clear_the_way();
  void suspend_cron_jobs();

 private:
  std::int32_t number(std::uint64_t bound) { return static_cast<std::int32_t>(random_.below(bound)); }
  bool chance(std::uint64_t one_in) { return random_.below(one_in) == 0; }
  template <class T>
  std::shared_ptr<const T> any() {
    const auto list = cluster_.api().all<T>();
    return list.empty() ? nullptr : list[random_.below(list.size())];
  }
  template <class T>
  void set_replicas();
  template <class T>
  void set_image();
  template <class T>
  void remove_any();

  bool has_other_namespace() const;
  void create();
  void scale();
  void pause();
  void remove();
  void relabel_pod();
  void add_node();
  void lose_node();
  void end_some_pod();
  void disturb_pod();
  void budget();
  void autoscale();
  void change_load();
  void change_namespaces();
  void own();
  metav1::OwnerReference some_owner();
  void change_owners();

  Random& random_;
  DriftCluster& cluster_;
  SteadyWorkloads& steady_;
  DriftWitness& witness_;
  DriftWorkloads make_;
  const std::function<void(std::string)> note_;
  int next_node_ = 3, next_job_ = 0;
};

}  // namespace plumb::controllers
