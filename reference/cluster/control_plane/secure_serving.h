// What a component of the control plane serves by itself, as upstream's do: /healthz, /livez and /readyz for everybody, /metrics for those
// whom the API server lets: client certificates of the cluster's CA, or bearer tokens by TokenReview; then a SubjectAccessReview of the path.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "harness/base/arguments.h"
#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "reference/informer/client.h"

namespace plumb::cluster {

struct ServingFlags {
  std::string bind_address = "0.0.0.0";
  int secure_port = 0;  // 0: nothing is served
  std::string certificate_file, key_file;

  void declare(Arguments& arguments);
};

class SecureServing {
 public:
  // `reviews` asks as the component and must outlive this; `client_ca_pem` is the CA of the callers' certificates. Without certificate
  // files the server has a certificate of its own making, as upstream's have.
  static Result<std::unique_ptr<SecureServing>> start(const ServingFlags& flags, std::string client_ca_pem, informer::Client& reviews, Clock& clock);
  ~SecureServing();
  std::uint16_t port() const;

 private:
  struct Parts;
  explicit SecureServing(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace plumb::cluster
