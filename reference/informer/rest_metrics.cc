#include "reference/informer/rest_metrics.h"

#include <map>
#include <mutex>
#include <tuple>

#include "harness/base/metrics.h"

namespace plumb::informer {
namespace {

const std::vector<double> duration_buckets{.005, .025, .1, .25, .5, 1, 2, 4, 8, 15, 30, 60};

// Handles by labels, so that a call costs one look-up of ours and none in the registry.
template <class Key, class Handle>
class Known {
 public:
  template <class Make>
  Handle find(const Key& key, Make make) {
    std::lock_guard lock(mutex_);
    auto found = handles_.find(key);
    if (found == handles_.end()) found = handles_.emplace(key, make()).first;
    return found->second;
  }

 private:
  std::mutex mutex_;
  std::map<Key, Handle> handles_;  // under mutex_
};

}  // namespace

void rest_request_finished(std::string_view method, const std::string& host, int status) {
  static Known<std::tuple<std::string, std::string, int>, metrics::Counter> known;
  known.find({std::string(method), host, status}, [&] {
    return metrics::counter("rest_client_requests_total", "Number of HTTP requests, partitioned by status code, method, and host.",
                            {{"code", status ? std::to_string(status) : "<error>"}, {"method", std::string(method)}, {"host", host}});
  }).add();
}

void rest_request_took(std::string_view method, const std::string& host, Duration took) {
  static Known<std::pair<std::string, std::string>, metrics::Histogram> known;
  known.find({std::string(method), host}, [&] {
    return metrics::histogram("rest_client_request_duration_seconds", "Request latency in seconds. Broken down by verb, and host.", duration_buckets,
                              {{"verb", std::string(method)}, {"host", host}});
  }).observe(std::chrono::duration<double>(took).count());
}

}  // namespace plumb::informer
