// One pod's worker. See PodWorkers for what it is part of.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "reference/kubelet/decide.h"
#include "reference/kubelet/pod_workers.h"

namespace plumb::kubelet {

struct PodWorkers::Core {
  explicit Core(NodeServices given) : services(std::move(given)) {}

  std::shared_ptr<PodWorker> by_uid(std::string_view uid) const;
  std::shared_ptr<PodWorker> by_id(const std::string& id) const;  // of a sandbox or container
  void know(const std::string& id, const std::shared_ptr<PodWorker>& worker);
  void forget(const std::string& id);
  void drop(const std::string& uid);
  std::vector<std::shared_ptr<PodWorker>> all() const;

  NodeServices services;
  mutable std::mutex mutex;
  std::unordered_map<std::string, std::shared_ptr<PodWorker>> workers;  // by UID; this and the rest under mutex
  std::unordered_map<std::string, std::weak_ptr<PodWorker>> ids;
};

// What the runtime had of a pod when the kubelet started.
struct Adopted {
  std::vector<cri::Sandbox> sandboxes;
  std::vector<cri::Container> containers;
};

class PodWorker : public std::enable_shared_from_this<PodWorker> {
 public:
  PodWorker(std::shared_ptr<PodWorkers::Core> core, PodPtr pod, bool orphan);

  void adopt(const Adopted& adopted);  // before anything else; blocks
  void update(PodPtr pod);
  void removed();
  void reject(std::string reason, std::string message);
  // Nothing is done for the pod until release() or reject().
  void hold();
  void release();
  void retry_waiting();
  void on_event(const cri::Event& event);
  void compare(const std::vector<cri::Container>& containers, bool sandbox_ready);

  PodPtr pod() const;
  bool admitted() const;  // counts against the node's resources
  bool orphan() const;    // only the runtime knows it, so far
  void take_over(PodPtr pod);  // the pod of an orphan
  PodView view() const;

 private:
  using Lock = std::unique_lock<std::mutex>;
  struct ProbeSeries {
    std::array<ProbeCounter, 3> counters;
    std::string run_id;
  };

  void begin();  // what follows from the pod itself; under mutex_
  // Evaluation (pod_worker.cc).
  void poke();      // evaluate soon, on the executor
  void evaluate();
  void arm(Lock& lock, std::optional<Instant> wake);
  void carry_out(Lock& lock, const Action& action);
  bool make_pending(Instant now, std::optional<Instant>& wake);  // true: there is a status to send
  void send_status(Lock& lock);
  void status_sent(Result<informer::ObjectPtr> result);
  struct Told {
    std::string reason, message, container;
  };
  void check_deadline(Instant now, std::optional<Instant>& wake, std::vector<Told>& told);
  void flip_back_offs(Instant now, std::optional<Instant>& wake, std::vector<Told>& told);

  // On the executor: from volumes to running containers (pod_operations.cc).
  struct Obstacle {
    std::string reason, message;
  };
  void set_up_volumes();
  void run_sandbox();
  void start_container(const std::string& name);
  std::optional<Obstacle> make_and_start(const std::string& name, std::uint32_t attempt);
  std::optional<Obstacle> ensure_image(const PodPtr& pod, const corev1::Container& container);
  std::optional<Obstacle> pull(const PodPtr& pod, const corev1::Container& container);
  void run_post_start(const PodPtr& pod, const corev1::Container& container, const std::string& id);

  // On the executor: the end (pod_ending.cc).
  Duration run_pre_stop(const PodPtr& pod, const corev1::Container& container, const std::string& id, Duration grace);
  void stop_container(const std::string& name, const std::string& id, std::string reason, Duration grace);
  void tear_down();
  void finish();
  void remove_local();
  void remove_from_api();

  // What the runtime says (pod_runs.cc).
  void refresh(const std::string& id, bool must_have_ended, int tries);
  void apply_run(const std::string& id, const cri::ContainerStatus& status);
  void note_what_was_told(Lock& lock);  // of adopted containers: started, ready

  // Probes (pod_probing.cc).
  void start_probes(Lock& lock, std::size_t slot);
  void schedule_probe(const std::string& name, const std::string& run_id, ProbeKind kind, Duration delay);
  void probe_now(const std::string& name, const std::string& run_id, ProbeKind kind);
  void probe_done(const std::string& name, const std::string& run_id, ProbeKind kind, const ProbeOutcome& outcome);

  ContainerSlot* slot(std::string_view name);      // under mutex_
  ContainerSlot* slot_by_id(std::string_view id);  // under mutex_
  static const corev1::Container* container(const corev1::Pod& pod, std::string_view name);
  // Not under mutex_: recording an event may lead back here.
  void event(const corev1::Pod& pod, std::string_view type, std::string_view reason, std::string_view message, std::string_view container = {});
  NodeServices& services() const { return core_->services; }

  const std::shared_ptr<PodWorkers::Core> core_;
  std::atomic<bool> orphan_;
  mutable std::mutex mutex_;
  PodState state_;  // this and all below under mutex_
  bool poked_ = false, finishing_ = false, held_ = false;
  Clock::TimerId timer_ = 0;
  Instant timer_at_{};
  std::optional<corev1::PodStatus> pending_;  // computed and not yet acknowledged by the API
  bool sending_ = false, unsent_ = false;
  Instant hold_until_{}, changed_at_{};  // changed_at_: when what is pending first differed
  Duration send_backoff_{};
  std::vector<std::string> old_sandboxes_;
  std::unordered_map<std::string, ProbeSeries> probes_;  // by container name
};

}  // namespace plumb::kubelet
