// Probes of containers: what one attempt says, and what a series of them means.
#pragma once

#include <functional>
#include <string>

#include "reference/kubelet/pod_state.h"

namespace plumb::kubelet {

enum class ProbeKind : std::uint8_t { startup, readiness, liveness };
inline constexpr ProbeKind kProbeKinds[] = {ProbeKind::startup, ProbeKind::readiness, ProbeKind::liveness};
std::string_view to_string(ProbeKind kind);  // "Startup", "Readiness", "Liveness"
const corev1::Probe* probe_of(const corev1::Container& container, ProbeKind kind);

Duration probe_period(const corev1::Probe& probe);
Duration probe_timeout(const corev1::Probe& probe);

struct ProbeOutcome {
  bool success = false;
  std::string message;  // of a failure: what events say
};

struct ProbeTarget {
  PodPtr pod;
  const corev1::Container* container = nullptr;  // of the pod
  std::string container_id, ip;
};

// A hook or probe of any of the four ways (exec, httpGet, tcpSocket, grpc). Safe from any thread.
class ProbeRunner {
 public:
  virtual ~ProbeRunner() = default;
  // Blocks for at most `limit`.
  virtual ProbeOutcome probe(const ProbeTarget& target, const corev1::ProbeHandler& handler, Duration limit) = 0;
};

// Counts outcomes of one probe in a row.
class ProbeCounter {
 public:
  enum class Verdict : std::uint8_t { undecided, success, failure };
  // The verdict that holds after this outcome: a threshold was reached now, or before and nothing against it since.
  Verdict count(const corev1::Probe& probe, bool success);

 private:
  bool last_ = false;
  int in_row_ = 0;
  Verdict verdict_ = Verdict::undecided;
};

}  // namespace plumb::kubelet
