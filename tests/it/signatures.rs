//! The tables of signatures against the source: a program answers the same whether the source of a library is on
//! the machine or only the table knows it. `BLESS=1` writes the tables anew from the source.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::support::go::{Go, tell};
use unleak::go::syntax::{Field, Kind, Node};
use unleak::go::{
    DeclKind, Declaration, Direction, Package, Program, SourceFile, StructField, Type, signature_rows,
};
use unleak::workspace::ModuleLoader;

/// A table with its heading and the packages it tells of: all that they export, or what stands behind the colon.
const TABLES: [(&str, &str, &[&str]); 5] = [
    (
        "std",
        "The standard library, and what it might as well have",
        &[
            "bufio",
            "bytes:Buffer,Reader,NewBuffer,NewBufferString,NewReader",
            "context",
            "database/sql",
            "encoding/json:Decoder,Encoder,Marshal,MarshalIndent,NewDecoder,NewEncoder,RawMessage,Unmarshal",
            "errors",
            "fmt",
            "golang.org/x/sync/errgroup",
            "io",
            "io/fs",
            "io/ioutil",
            "mime/multipart",
            "net:Conn,Dial,DialTimeout,Dialer,Listen,Listener,TCPConn",
            "net/http",
            "net/url:Parse,ParseQuery,PathEscape,QueryEscape,URL,Values",
            "os",
            "os/exec:Cmd,Command,CommandContext",
            "os/signal",
            "strconv",
            "strings:Builder,Contains,Fields,HasPrefix,HasSuffix,Index,Join,NewReader,NewReplacer,Reader,Repeat,Replace,ReplaceAll,Split,ToLower,ToUpper,TrimPrefix,TrimSpace,TrimSuffix",
            "sync",
            "time",
        ],
    ),
    (
        "fiber",
        "Fiber of each major version, fasthttp below it, websockets on it",
        &[
            "github.com/gofiber/fiber:App,Config,Ctx,Error,Group,Handler,Map,New,NewError",
            "github.com/gofiber/fiber/v2:App,Config,Ctx,Error,Group,Handler,Map,New,NewError,Router",
            "github.com/gofiber/fiber/v3:App,Config,Ctx,Error,Group,Handler,Map,New,NewError,Router",
            "github.com/gofiber/fiber/v3/client:AcquireRequest,C,Client,Custom,Delete,Get,Head,New,NewWithClient,NewWithHostClient,Options,Patch,Post,Put,Request,Response",
            "github.com/valyala/fasthttp:AcquireRequest,AcquireResponse,Client,Do,Get,HostClient,Post,Request,RequestCtx,Response,Server",
            "github.com/gofiber/websocket/v2:Conn,Config,New",
            "github.com/gofiber/contrib/websocket:Conn,Config,New",
            "github.com/fasthttp/websocket:Conn,Dialer,FastHTTPUpgrader,Upgrader",
            "github.com/gorilla/websocket:Conn,DefaultDialer,Dialer,Upgrader",
        ],
    ),
    (
        "stores",
        "Clients of databases and search engines",
        &[
            "github.com/jmoiron/sqlx",
            "gorm.io/gorm:Config,DB,Open,Session",
            "github.com/jackc/pgx/v4:Batch,BatchResults,Conn,Connect,ConnectConfig,ParseConfig,Row,Rows,Tx",
            "github.com/jackc/pgx/v4/pgxpool",
            "github.com/jackc/pgx/v5:Batch,BatchResults,Conn,Connect,ConnectConfig,ParseConfig,Row,Rows,Tx",
            "github.com/jackc/pgx/v5/pgxpool",
            "go.mongodb.org/mongo-driver/mongo:ChangeStream,Client,Collection,Connect,Cursor,Database,NewClient,Session,SingleResult",
            "go.mongodb.org/mongo-driver/v2/mongo:ChangeStream,Client,Collection,Connect,Cursor,Database,Session,SingleResult",
            "github.com/elastic/go-elasticsearch/v8:Client,Config,NewClient,NewDefaultClient,NewTypedClient,TypedClient",
            "github.com/elastic/go-elasticsearch/v8/esapi:Response",
        ],
    ),
    (
        "messaging",
        "Clients of caches, queues and brokers",
        &[
            "github.com/go-redis/redis/v8:Client,ClusterClient,Conn,baseClient,NewClient,NewClusterClient,NewFailoverClient,NewUniversalClient,Options,ParseURL,PubSub,Ring,Tx,UniversalClient",
            "github.com/redis/go-redis/v9:Client,ClusterClient,Conn,baseClient,NewClient,NewClusterClient,NewFailoverClient,NewUniversalClient,Options,ParseURL,PubSub,Ring,Tx,UniversalClient",
            "github.com/nats-io/nats.go:Conn,Connect,EncodedConn,JetStreamContext,NewEncodedConn,Subscription",
            "github.com/rabbitmq/amqp091-go:Channel,Connection,Dial,DialConfig,DialTLS",
            "github.com/streadway/amqp:Channel,Connection,Dial,DialConfig,DialTLS",
            "github.com/segmentio/kafka-go:Conn,Dial,DialContext,DialLeader,NewReader,NewWriter,Reader,Writer",
            "github.com/IBM/sarama:AsyncProducer,Client,Config,Consumer,ConsumerGroup,NewAsyncProducer,NewClient,NewConfig,NewConsumer,NewConsumerGroup,NewSyncProducer,PartitionConsumer,SyncProducer",
        ],
    ),
    (
        "platform",
        "Clients of other services: gRPC, Docker, Kubernetes",
        &[
            "google.golang.org/grpc:ClientConn,Dial,DialContext,NewClient,NewServer,Server",
            "github.com/docker/docker/client:Client,NewClientWithOpts,NewEnvClient",
            "k8s.io/apimachinery/pkg/watch:Event,Interface",
            "k8s.io/client-go/kubernetes:Clientset,Interface,NewForConfig,NewForConfigOrDie",
        ],
    ),
];

/// Name to spelling.
type Rows = BTreeMap<String, String>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn modules() -> PathBuf {
    root().join("fixtures/go/modules")
}

/// A package that a test wrote, with the modules of the fixtures in sight or with nothing but the tables.
fn scratch(source: &str, sees_source: bool) -> Package {
    let file = SourceFile::new("p/p.go", source.as_bytes());
    assert_eq!(file.broken, None, "{source}");
    let package = Package::new("p", None, vec![file]);
    match sees_source {
        true => package.within(Arc::new(program())),
        false => package,
    }
}

fn program() -> Program {
    Program::new(ModuleLoader::around(&modules(), &modules()).unwrap())
}

/// How the tables write a type; `None` for what they leave out.
fn spelling(of: &Type) -> Option<String> {
    let list = |types: &[Type]| {
        let all: Option<Vec<_>> = types.iter().map(spelling).collect();
        Some(all?.join(", "))
    };
    Some(match of {
        Type::Basic(name) if name.starts_with("untyped") => return None,
        Type::Basic(name) => (*name).to_owned(),
        Type::Named { path, .. } if **path == *"." || path.contains("/internal/") => return None,
        Type::Named {
            path,
            name,
            arguments,
        } if arguments.is_empty() => format!("{path}.{name}"),
        Type::Named {
            path,
            name,
            arguments,
        } => format!("{path}.{name}[{}]", list(arguments)?),
        Type::Pointer(to) => format!("*{}", spelling(to)?),
        Type::Slice(element) => format!("[]{}", spelling(element)?),
        Type::Array(array) => format!("[{}]{}", array.length?, spelling(&array.element)?),
        Type::Map(key, value) => format!("map[{}]{}", spelling(key)?, spelling(value)?),
        Type::Chan(channel) => {
            let arrow = match channel.direction {
                Direction::Both => "chan",
                Direction::Send => "chan<-",
                Direction::Receive => "<-chan",
            };
            format!("{arrow} {}", spelling(&channel.element)?)
        }
        Type::Func(signature) if signature.type_parameters.is_empty() => {
            format!("func({})", list(&signature.results)?)
        }
        of if *of == Type::any() => "any".to_owned(),
        Type::Struct(fields) if fields.is_empty() => "struct{}".to_owned(),
        _ => return None,
    })
}

fn is_exported(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}

/// The rows of one package, from its source.
fn rows_of(program: &Program, selection: &str) -> (String, Rows) {
    let (path, chosen) = selection.split_once(':').unwrap_or((selection, ""));
    let chosen: HashSet<&str> = chosen.split(',').filter(|name| !name.is_empty()).collect();
    let package = program
        .package(path)
        .unwrap_or_else(|| panic!("{path} is not at hand"));
    let wanted = |name: &str| chosen.contains(name) || (chosen.is_empty() && is_exported(name));
    let mut members: Vec<String> = Vec::new();
    let mut types: Vec<String> = Vec::new();
    for declaration in package.declarations() {
        let decl = declaration.decl();
        for name in decl.names.iter().map(|name| &name.text) {
            match (&decl.receiver, decl.kind) {
                (Some(receiver), _) if wanted(receiver) && is_exported(name) => {
                    members.push(format!("{receiver}.{name}"));
                }
                (None, DeclKind::Type) if wanted(name) => types.push(name.to_string()),
                (None, _) if wanted(name) => members.push(name.to_string()),
                _ => {}
            }
        }
    }
    let mut rows = Rows::new();
    let shapes = ask_types(path, &types, true);
    for (name, (spelled, parts)) in types.iter().zip(shapes) {
        rows.extend(spelled.map(|spelled| (name.clone(), spelled)));
        members.extend(parts.into_iter().map(|part| format!("{name}.{part}")));
    }
    members.sort();
    members.dedup();
    for (name, of) in members.iter().zip(ask_members(path, &members, true)) {
        let is_constant = matches!(&of, Type::Basic(_)) && !name.contains('.') && !is_variable(package, name);
        if let Some(spelled) = spelling(&of).filter(|_| !is_constant) {
            rows.insert(name.clone(), spelled);
        }
    }
    (path.to_owned(), rows)
}

fn is_variable(package: &Package, name: &str) -> bool {
    let found = package.find_name(name);
    found.is_some_and(|declaration| declaration.kind() == DeclKind::Var)
}

/// The types of `Func`, `Var` and `Type.Member` of a package, as code that uses them sees them.
fn ask_members(path: &str, names: &[String], sees_source: bool) -> Vec<Type> {
    let mut source = format!("package p\n\nimport lib \"{path}\"\n\n");
    for (at, name) in names.iter().enumerate() {
        source += &match name.split_once('.') {
            Some((receiver, member)) => format!("func f{at}(v *lib.{receiver}) {{ use(v.{member}) }}\n"),
            None => format!("func f{at}() {{ use(lib.{name}) }}\n"),
        };
    }
    let package = scratch(&source, sees_source);
    let asked = |declaration: Declaration<'_>| {
        let mut nodes = declaration.tree().root().subtree();
        let selector = nodes.find(|node| node.is(Kind::SelectorExpression)).unwrap();
        declaration.type_of(selector)
    };
    package.declarations().map(asked).collect()
}

/// Of types of a package the row that tells what they are, and the names of their exported parts.
fn ask_types(path: &str, names: &[String], sees_source: bool) -> Vec<(Option<String>, Vec<String>)> {
    let mut source = format!("package p\n\nimport lib \"{path}\"\n\n");
    for (at, name) in names.iter().enumerate() {
        source += &format!("type t{at} lib.{name}\n");
    }
    let package = scratch(&source, sees_source);
    let written = package.declarations().zip(names).map(|(declaration, name)| {
        let mut nodes = declaration.tree().root().subtree();
        let spec = nodes.find(|node: &Node<'_>| node.is(Kind::TypeSpec)).unwrap();
        let of = declaration.type_meant(spec.field(Field::Type).unwrap());
        if !of.is(path, name) {
            return (spelling(&of).map(|of| format!("type = {of}")), Vec::new());
        }
        told(declaration, &declaration.underlying(&of))
    });
    written.collect()
}

fn told(at: Declaration<'_>, shape: &Type) -> (Option<String>, Vec<String>) {
    let exported = |fields: &[StructField]| {
        let fields = fields.iter().filter(|field| is_exported(&field.name));
        fields.map(|field| field.name.to_string()).collect::<Vec<_>>()
    };
    match shape {
        Type::Struct(fields) => {
            let embedded = fields.iter().filter(|field| field.embedded);
            let embedded: Vec<_> = embedded.filter_map(|field| spelling(&field.of)).collect();
            let row = (!embedded.is_empty()).then(|| format!("type struct{{{}}}", embedded.join(", ")));
            (row, exported(fields))
        }
        Type::Interface(interface) => {
            let inner = interface
                .embedded
                .iter()
                .flat_map(|of| told(at, &at.underlying(of)).1);
            (
                None,
                exported(&interface.methods).into_iter().chain(inner).collect(),
            )
        }
        other => (spelling(other).map(|of| format!("type {of}")), Vec::new()),
    }
}

fn table(heading: &str, packages: &BTreeMap<String, Rows>) -> String {
    let mut text = format!(
        "# {heading}: the results of functions, the types of variables and fields, what types embed or stand for.\n\
         # Written from the source by `BLESS=1 cargo test --test signatures`.\n"
    );
    for (path, rows) in packages {
        text += &format!("\n[\"{path}\"]\n");
        for (name, spelled) in rows {
            let key = match name.contains('.') {
                true => format!("\"{name}\""),
                false => name.clone(),
            };
            text += &format!("{key} = \"{spelled}\"\n");
        }
    }
    text
}

/// Whether the source of everything the tables tell of is on this machine.
fn have_source() -> bool {
    Go::find().is_some_and(|go| go.has_modules(&modules()))
}

#[test]
fn the_tables_say_what_the_source_says() {
    if !have_source() {
        return;
    }
    let program = program();
    for (name, heading, packages) in TABLES {
        let rows = packages.iter().map(|selection| rows_of(&program, selection));
        let text = table(heading, &rows.collect());
        let file = root().join(format!("src/go/signatures/{name}.toml"));
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(file, text).unwrap();
            continue;
        }
        let held = std::fs::read_to_string(file).unwrap();
        let differing = |(held, text): (&str, &str)| (held != text).then(|| format!("{held}\n{text}"));
        let first = held.lines().zip(text.lines()).find_map(differing);
        assert!(held == text, "{name}.toml is not what the source says: {first:?}");
    }
}

#[test]
fn programs_see_the_same_with_and_without_source() {
    if !have_source() {
        return;
    }
    let mut paths: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, name, spelled) in signature_rows() {
        if !spelled.starts_with("type ") {
            paths.entry(path).or_default().push(name);
        }
    }
    let program = program();
    let (mut compared, mut unseen) = (0, 0);
    for (path, names) in &paths {
        if program.package(path).is_none() {
            unseen += names.len();
            continue;
        }
        let from_source = ask_members(path, names, true);
        let from_table = ask_members(path, names, false);
        for ((name, source), table) in names.iter().zip(from_source).zip(from_table) {
            assert_eq!(spelling(&source), spelling(&table), "{path}.{name}");
            compared += 1;
        }
    }
    tell(&format!(
        "{compared} rows answer as the source does, {unseen} are of packages that no test pins"
    ));
    assert!(compared > 1000);
}

/// Whose methods `v.Name()` calls for a `v` of the type `of`, as code that calls them sees it.
fn ask_callees(path: &str, of: &str, names: &[String], sees_source: bool) -> Vec<String> {
    let mut source = format!("package p\n\nimport lib \"{path}\"\n\n");
    for (at, name) in names.iter().enumerate() {
        source += &format!("func f{at}(v *lib.{of}) {{ v.{name}() }}\n");
    }
    let package = scratch(&source, sees_source);
    let asked = |declaration: Declaration<'_>| {
        let mut nodes = declaration.tree().root().subtree();
        let call = nodes.find(|node| node.is(Kind::CallExpression)).unwrap();
        format!("{:?}", declaration.callee(call))
    };
    package.declarations().map(asked).collect()
}

#[test]
fn promoted_methods_belong_to_the_same_type_with_and_without_source() {
    if !have_source() {
        return;
    }
    let (program, rows) = (program(), signature_rows());
    let methods_of = |of: &str| {
        let (path, receiver) = of.trim_start_matches('*').rsplit_once('.').unwrap();
        let methods = rows
            .iter()
            .filter(|(at, _, spelled)| at == path && spelled.starts_with("func("));
        let named = methods.filter_map(|(_, name, _)| name.split_once('.').filter(|(of, _)| *of == receiver));
        let exported = named.filter(|(_, method)| is_exported(method));
        exported.map(|(_, method)| method.to_owned()).collect::<Vec<_>>()
    };
    let (mut compared, mut differing) = (0, Vec::new());
    for (path, of, spelled) in &rows {
        let embedded = spelled
            .strip_prefix("type struct{")
            .and_then(|rest| rest.strip_suffix('}'));
        let Some(embedded) = embedded.filter(|_| is_exported(of) && program.package(path).is_some()) else {
            continue;
        };
        let names: Vec<String> = embedded.split(", ").flat_map(methods_of).collect();
        let from_source = ask_callees(path, of, &names, true);
        let from_table = ask_callees(path, of, &names, false);
        // Two embedded types that have a method of one name promote neither.
        let promoted = from_source
            .iter()
            .zip(from_table)
            .filter(|(source, _)| *source != "Unknown");
        for (source, table) in promoted {
            differing.extend((*source != table).then(|| format!("{path}.{of}: {source}, {table}")));
            compared += 1;
        }
    }
    assert_eq!(differing, Vec::<String>::new());
    tell(&format!(
        "{compared} promoted methods have the same owner either way"
    ));
    assert!(compared > 50);
}
