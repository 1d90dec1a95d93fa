//! Import paths that code asks for by name, each once: of the standard library, and of the few others whose use a repair
//! or an analysis is about. Lists of functions belong into the files of facts.

pub const BUFIO: &str = "bufio";
pub const BYTES: &str = "bytes";
pub const CONTAINER_LIST: &str = "container/list";
pub const CONTEXT: &str = "context";
pub const DATABASE_SQL: &str = "database/sql";
pub const DATABASE_SQL_DRIVER: &str = "database/sql/driver";
pub const ERRORS: &str = "errors";
pub const FMT: &str = "fmt";
pub const IO: &str = "io";
pub const IO_IOUTIL: &str = "io/ioutil";
pub const LOG: &str = "log";
pub const MIME_MULTIPART: &str = "mime/multipart";
pub const NET: &str = "net";
pub const NET_HTTP: &str = "net/http";
pub const NET_HTTP_HTTPTEST: &str = "net/http/httptest";
pub const NET_RPC: &str = "net/rpc";
pub const NET_SMTP: &str = "net/smtp";
pub const NET_URL: &str = "net/url";
pub const OS: &str = "os";
pub const OS_EXEC: &str = "os/exec";
pub const PATH: &str = "path";
pub const PATH_FILEPATH: &str = "path/filepath";
pub const PLUGIN: &str = "plugin";
pub const RUNTIME: &str = "runtime";
pub const RUNTIME_DEBUG: &str = "runtime/debug";
pub const RUNTIME_PPROF: &str = "runtime/pprof";
pub const SLICES: &str = "slices";
pub const STRCONV: &str = "strconv";
pub const STRINGS: &str = "strings";
pub const SYNC: &str = "sync";
pub const SYNC_ATOMIC: &str = "sync/atomic";
pub const SYSCALL: &str = "syscall";
pub const TESTING: &str = "testing";
pub const TIME: &str = "time";
pub const WEAK: &str = "weak";

pub const FASTHTTP_WEBSOCKET: &str = "github.com/fasthttp/websocket";
/// The beginning of the paths of all modules of one owner.
pub const GOFIBER: &str = "github.com/gofiber/";
pub const FIBER_WEBSOCKET_V3: &str = "github.com/gofiber/contrib/v3/websocket";
pub const FIBER: &str = "github.com/gofiber/fiber";
pub const FIBER_V2: &str = "github.com/gofiber/fiber/v2";
pub const FIBER_V2_UTILS: &str = "github.com/gofiber/fiber/v2/utils";
pub const FIBER_V3: &str = "github.com/gofiber/fiber/v3";
pub const FIBER_V3_CLIENT: &str = "github.com/gofiber/fiber/v3/client";
pub const GORILLA_WEBSOCKET: &str = "github.com/gorilla/websocket";
/// The beginning of the paths of all modules of one owner.
pub const VALYALA: &str = "github.com/valyala/";
pub const BYTEBUFFERPOOL: &str = "github.com/valyala/bytebufferpool";
pub const FASTHTTP: &str = "github.com/valyala/fasthttp";
pub const ERRGROUP: &str = "golang.org/x/sync/errgroup";
