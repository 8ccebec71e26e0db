import math
from datetime import timedelta
import numpy as np, pytest
from sqlalchemy import text
from tests.operations.conftest import *
from tests.conftest import *
from gridmap.operations import patrols, rounds, tracks
from gridmap.operations.patrols import *
from gridmap.domain.frequencies import Frequency
from gridmap.storage import tracks as st
from tests.estate import spot
import time

def test_cover(session, estate):
    w=[r[0] for r in session.execute(text("select id from person order by id limit 8"))]
    rng=np.random.default_rng(1)
    for e in (1,):
        n=43200
        # circular walks around the house w/ noise
        days=np.repeat(np.arange(120),360); t=np.tile(np.arange(360)*10,120)
        ang=t/3600*2*math.pi*3+days*0.1
        rad=0.2+0.25*((days%7)/7)
        x=0.5+rad*np.cos(ang)+rng.normal(0,5/93,n); y=0.5+rad*np.sin(ang)+rng.normal(0,5/108,n)
        lon=121.5+x*2**-10; lat=31.25+y*2**-10
        at=[NOW-timedelta(days=29)+timedelta(hours=6*int(d))+timedelta(seconds=int(s)) for d,s in zip(days,t)]
        from psycopg2.extras import execute_values
        cur=session.connection().connection.driver_connection.cursor()
        execute_values(cur,"insert into position (person_id,at,received_at,accuracy_m,geom) values %s",[(w[d%4],a,NOW,5,f"SRID=4326;POINT({lo} {la})") for d,a,lo,la in zip(days,at,lon,lat)],page_size=5000)
    session.execute(text("analyze position"))
    for q in ("Z1-C1-1","Z1-C1","Z1"):
        t0=time.perf_counter(); c=tracks.coverage(session, estate, NOW-timedelta(days=30), NOW+timedelta(days=2),[q]); print(q, c[0].share, c[0].walks, time.perf_counter()-t0)
    t0=time.perf_counter(); c=tracks.coverage(session, estate, NOW-timedelta(days=30), NOW+timedelta(days=2)); print('all leaves', time.perf_counter()-t0)
    from gridmap.domain.patrols import Fix
    fx=[Fix(a+timedelta(days=1,seconds=5),float(lo),float(la),5.) for a,lo,la in zip(at[-5000:],lon[-5000:],lat[-5000:])]
    t0=time.perf_counter(); r=tracks.take_track(session,w[7],fx,NOW+timedelta(days=3)); print('track 5000',time.perf_counter()-t0,r)

def test_many(session, estate):
    rng=np.random.default_rng(1)
    pts=[CheckpointGiven(f"{c}-{k}","x",*spot(cx+0.2+0.2*k,cy+0.3)) for c,(cx,cy) in {f"c{i}":(i%4,i//4) for i in range(16)}.items() for k in range(4)]
    tok=patrols.write_checkpoints(session, estate, pts)
    patrols.write_plan(session, estate, PlanGiven("P","x",Frequency("daily"),(NOW-timedelta(days=90)).date(),role="grid_owner"))
    patrols.write_plan(session, estate, PlanGiven("G","x",Frequency("hours",every=4),(NOW-timedelta(days=90)).date(),role="guard"))
    t0=time.perf_counter(); tot=0; tp=0
    loc={p.code:(p.lon,p.lat) for p in pts}
    names={i:c for i,c in session.execute(text("select id, code from checkpoint"))}
    for d in range(90):
        at=NOW-timedelta(days=90)+timedelta(days=d)
        a=time.perf_counter(); rounds.plan_rounds(session, at, timedelta(days=1)); rounds.overdue(session,at); tp+=time.perf_counter()-a
        rs=session.execute(text("select id, person_id, stops, starts, ends from round where starts>=:a and starts<:b and person_id is not null"),{"a":at-timedelta(hours=16),"b":at+timedelta(hours=8)}).all()
        given=[]
        for r in rs:
            for n,s in enumerate(r.stops):
                c=names[s]; given.append(CheckInGiven(r.person_id,f"{r.id}-{s}",r.starts+timedelta(hours=1,minutes=3*n),"qr",round=r.id,checkpoint=c,token=tok[c],lon=loc[c][0],lat=loc[c][1],accuracy_m=6.))
        out=patrols.check_in(session,given,at+timedelta(days=1)); tot+=len(given)
        if d in (5,80): print(len(given), {o.verdict:sum(x.verdict==o.verdict for x in out) for o in out}, [o for o in out if o.verdict!="accepted"][:3])
    print('checkins',tot,'s',time.perf_counter()-t0,'planning',tp)
    print(session.execute(text("select status,count(*) from round group by 1")).all())
