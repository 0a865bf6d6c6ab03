// How load reaches an API server: over a few HTTP/2 connections of its own, telling when the first byte of an answer came.
// Safe from any thread; callbacks run on the transport's thread and must not block.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/client/kubeconfig.h"
#include "harness/client/transport.h"

namespace plumb::harness {

struct LoadCallbacks {
  std::function<void()> first_byte;  // the head of the answer is there; may be empty
  // For answers that go on, as a watch's: gets the body piece by piece instead of collecting it; false ends the request, which then
  // counts as answered. May be empty.
  std::function<bool(std::string_view)> data;
  // Called once, last. An HTTP error status is a response; an Error means there was none.
  std::function<void(Result<client::Response>)> done;
};

class LoadTransport {
 public:
  virtual ~LoadTransport() = default;
  // Returns at once. What is called on the handle ends the request; dropping it does not.
  virtual std::function<void()> send(client::Request request, LoadCallbacks callbacks) = 0;
};

struct LoadTransportOptions {
  std::size_t connections = 4;
  Duration timeout{std::chrono::seconds(60)};  // of requests that name none and have no `data`
};

// Fails on unusable TLS material or what the kubeconfig asks for and this does not do (a proxy). Does not connect.
Result<std::unique_ptr<LoadTransport>> make_load_transport(const client::Config& config, const LoadTransportOptions& options = {});

}  // namespace plumb::harness
