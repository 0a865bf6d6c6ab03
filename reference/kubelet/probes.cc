#include "reference/kubelet/probes.h"

#include <algorithm>

namespace plumb::kubelet {

std::string_view to_string(ProbeKind kind) {
  return kind == ProbeKind::startup ? "Startup" : kind == ProbeKind::readiness ? "Readiness" : "Liveness";
}

const corev1::Probe* probe_of(const corev1::Container& container, ProbeKind kind) {
  switch (kind) {
    case ProbeKind::startup: return container.startupProbe.get();
    case ProbeKind::readiness: return container.readinessProbe.get();
    case ProbeKind::liveness: return container.livenessProbe.get();
  }
  return nullptr;
}

Duration probe_period(const corev1::Probe& probe) { return std::chrono::seconds(probe.periodSeconds > 0 ? probe.periodSeconds : 10); }
Duration probe_timeout(const corev1::Probe& probe) { return std::chrono::seconds(std::max(probe.timeoutSeconds, 1)); }

ProbeCounter::Verdict ProbeCounter::count(const corev1::Probe& probe, bool success) {
  in_row_ = success == last_ ? in_row_ + 1 : 1;
  last_ = success;
  const int threshold = success ? std::max(probe.successThreshold, 1) : probe.failureThreshold > 0 ? probe.failureThreshold : 3;
  if (in_row_ >= threshold) verdict_ = success ? Verdict::success : Verdict::failure;
  return verdict_;
}

}  // namespace plumb::kubelet
