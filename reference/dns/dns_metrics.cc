#include "reference/dns/dns_metrics.h"

#include "reference/dns/wire.h"

namespace plumb::dns {
namespace {

constexpr char server[] = "dns://:53", zone[] = ".";

std::vector<double> doubling(double first, int count) {
  std::vector<double> bounds;
  for (int i = 0; i < count; ++i, first *= 2) bounds.push_back(first);
  return bounds;
}
std::vector<double> seconds() { return doubling(0.00025, 16); }
std::vector<double> bytes() { return {0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16000, 32000, 48000, 64000}; }

metrics::Histogram sizes(const std::string& name, const std::string& help, const char* proto) {
  return metrics::histogram(name, help, bytes(), {{"server", server}, {"zone", zone}, {"view", ""}, {"proto", proto}});
}
constexpr char request_size[] = "coredns_dns_request_size_bytes", request_size_help[] = "Size of the EDNS0 UDP buffer in bytes (64K for TCP) per zone and protocol.";
constexpr char response_size[] = "coredns_dns_response_size_bytes", response_size_help[] = "Size of the returned response in bytes.";

const char* name_of(Part part) { return part == Part::kubernetes ? "kubernetes" : part == Part::forward ? "forward" : "cache"; }

}  // namespace

DnsMetrics::DnsMetrics()
    : request_size_{sizes(request_size, request_size_help, "udp"), sizes(request_size, request_size_help, "tcp")},
      response_size_{sizes(response_size, response_size_help, "udp"), sizes(response_size, response_size_help, "tcp")},
      duration_(metrics::histogram("coredns_dns_request_duration_seconds", "Histogram of the time (in seconds) each request took per zone.", seconds(), {{"server", server}, {"zone", zone}, {"view", ""}})),
      hits_(metrics::counter("coredns_cache_hits_total", "The count of cache hits.", {{"server", server}, {"type", "success"}, {"zones", zone}, {"view", ""}})),
      denial_hits_(metrics::counter("coredns_cache_hits_total", "The count of cache hits.", {{"server", server}, {"type", "denial"}, {"zones", zone}, {"view", ""}})),
      misses_(metrics::counter("coredns_cache_misses_total", "The count of cache misses. Deprecated, derive misses from cache hits/requests counters.", {{"server", server}, {"zones", zone}, {"view", ""}})),
      rejected_(metrics::counter("coredns_forward_max_concurrent_rejects_total", "Counter of the number of queries rejected because the concurrent queries were at maximum.")) {}

void DnsMetrics::asked(Type type, bool udp, bool v6, std::size_t size) {
  const std::uint32_t key = static_cast<std::uint32_t>(type) << 2 | (udp ? 2u : 0u) | (v6 ? 1u : 0u);
  auto found = requests_.find(key);
  if (found == requests_.end())
    found = requests_.emplace(key, metrics::counter("coredns_dns_requests_total", "Counter of DNS requests made per zone, protocol and family.",
                                                    {{"server", server}, {"zone", zone}, {"view", ""}, {"proto", udp ? "udp" : "tcp"}, {"family", v6 ? "2" : "1"}, {"type", type_name(type)}})).first;
  found->second.add();
  request_size_[udp ? 0 : 1].observe(static_cast<double>(size));
}

void DnsMetrics::answered(Code code, Part part, bool udp, std::size_t size, Duration took) {
  const std::uint32_t key = static_cast<std::uint32_t>(code) << 2 | static_cast<std::uint32_t>(part);
  auto found = responses_.find(key);
  if (found == responses_.end())
    found = responses_.emplace(key, metrics::counter("coredns_dns_responses_total", "Counter of response status codes.",
                                                     {{"server", server}, {"zone", zone}, {"view", ""}, {"rcode", code_name(code)}, {"plugin", name_of(part)}})).first;
  found->second.add();
  response_size_[udp ? 0 : 1].observe(static_cast<double>(size));
  duration_.observe(std::chrono::duration<double>(took).count());
}

void DnsMetrics::cache_hit(bool denial) { (denial ? denial_hits_ : hits_).add(); }

void DnsMetrics::forwarded(const std::string& to, Code code, Duration took) {
  const std::string rcode = code_name(code), key = to + " " + rcode;
  auto found = upstream_.find(key);
  if (found == upstream_.end())
    found = upstream_.emplace(key, metrics::histogram("coredns_proxy_request_duration_seconds", "Histogram of the time each request took.", seconds(),
                                                      {{"proxy_name", "forward"}, {"to", to}, {"rcode", rcode}})).first;
  found->second.observe(std::chrono::duration<double>(took).count());
}

ProgrammingMetric::ProgrammingMetric()
    : histogram_(metrics::histogram("coredns_kubernetes_dns_programming_duration_seconds", "Histogram of the time (in seconds) it took to program a dns instance.",
                                    doubling(0.001, 20), {{"service_kind", "headless_with_selector"}})) {}

void export_build() {
  for (const char* name : {"cache", "forward", "kubernetes", "loadbalance", "prometheus"})
    metrics::gauge("coredns_plugin_enabled", "A metric that indicates whether a plugin is enabled on per server and zone basis.", {{"server", server}, {"zone", zone}, {"view", ""}, {"name", name}}).set(1);
}

}  // namespace plumb::dns
