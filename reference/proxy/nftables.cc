#include "reference/proxy/nftables.h"

#include <malloc.h>
#include <nftables/libnftables.h>

#include <cerrno>

#include "harness/base/encoding.h"

namespace plumb::proxy {
namespace {

// What a large transaction has taken is given back at its end.
constexpr std::size_t large = 256 << 10;
constexpr std::size_t most_of_an_error = 600;

struct Free {
  void operator()(nft_ctx* context) const { nft_ctx_free(context); }
};

// Of what the library says, the first lines that name an error: the others repeat the commands.
std::string errors_in(std::string_view text) {
  std::string errors;
  for (const auto line : split(text, '\n')) {
    if (line.find("Error") == std::string_view::npos) continue;
    errors.append(errors.empty() ? "" : "; ").append(line);
    if (errors.size() > most_of_an_error) break;
  }
  return errors.empty() ? std::string(text.substr(0, most_of_an_error)) : errors;
}

class LibNftables final : public Nftables {
 public:
  Status run(const std::string& commands) override {
    if (!context_) {
      context_.reset(nft_ctx_new(NFT_CTX_DEFAULT));
      if (!context_) return fail_errno("opening nftables");
      nft_ctx_buffer_output(context_.get());
      nft_ctx_buffer_error(context_.get());
    }
    errno = 0;
    const int failed = nft_run_cmd_from_buffer(context_.get(), commands.c_str());
    const int reason = errno;
    const std::string text = errors_in(nft_ctx_get_error_buffer(context_.get()));
    nft_ctx_get_output_buffer(context_.get());
    if (commands.size() > large) {
      context_.reset();
      malloc_trim(0);
    }
    if (failed == 0) return {};
    // After an error the library's picture of the kernel may be wrong.
    context_.reset();
    const bool forbidden = reason == EPERM || reason == EACCES || text.find("Operation not permitted") != std::string::npos;
    return fail(forbidden ? Code::permission_denied : Code::unavailable,
                "changing the node's nftables rules: " + text + (forbidden ? "; the proxy needs CAP_NET_ADMIN: run it as root" : ""));
  }

 private:
  std::unique_ptr<nft_ctx, Free> context_;
};

}  // namespace

Result<std::unique_ptr<Nftables>> open_nftables() {
  auto opened = std::make_unique<LibNftables>();
  // Carried out, but changes nothing.
  PLUMB_TRY(opened->run("add table ip kube-proxy-probe\ndelete table ip kube-proxy-probe\n"));
  return std::unique_ptr<Nftables>(std::move(opened));
}

}  // namespace plumb::proxy
