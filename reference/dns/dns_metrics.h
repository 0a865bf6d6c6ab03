// CoreDNS' metrics of its server, cache, forwarding and Kubernetes parts, under its names and with its buckets. Handles are looked up once; an object belongs
// to one thread, what it counts into is the program's.
#pragma once

#include <array>
#include <optional>
#include <unordered_map>

#include "harness/base/clock.h"
#include "harness/base/metrics.h"
#include "reference/dns/record.h"

namespace plumb::dns {

enum class Part : std::uint8_t { kubernetes, forward, cache };

class DnsMetrics {
 public:
  DnsMetrics();
  void asked(Type type, bool udp, bool v6, std::size_t bytes);
  void answered(Code code, Part part, bool udp, std::size_t bytes, Duration took);
  void cache_hit(bool denial);
  void cache_miss() { misses_.add(); }
  void forwarded(const std::string& to, Code code, Duration took);
  void rejected() { rejected_.add(); }

 private:
  std::unordered_map<std::uint32_t, metrics::Counter> requests_, responses_;
  std::unordered_map<std::string, metrics::Histogram> upstream_;
  std::array<metrics::Histogram, 2> request_size_, response_size_;  // udp, tcp
  metrics::Histogram duration_;
  metrics::Counter hits_, denial_hits_, misses_, rejected_;
};

// Of the observed objects: how long a change of a headless Service's endpoints took until it was answered with.
class ProgrammingMetric {
 public:
  ProgrammingMetric();
  void observe(Duration since_change) { histogram_.observe(std::chrono::duration<double>(since_change).count()); }

 private:
  metrics::Histogram histogram_;
};
void export_build();

}  // namespace plumb::dns
